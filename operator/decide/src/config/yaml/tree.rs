//! The events of one document as a tree that still knows where everything stood.

use super::{
    super::problem::{At, Problem},
    Budget, Position, scalar,
};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use serde_json::Value;
use std::collections::BTreeMap;

/// Lists and mappings inside each other. Pod specs use about fifteen.
const DEPTH_MAX: usize = 128;

/// A value and its place in the text.
#[derive(Clone, Debug)]
pub(super) struct Node {
    at: Position,
    content: Content,
    /// A plain `<<`, which as a key merges.
    merges: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Mapping(Mapping),
}

/// Entries in the order in which their keys first stood.
#[derive(Clone, Debug, Default)]
struct Mapping {
    entries: Vec<(String, Node)>,
    places: BTreeMap<String, usize>,
}

impl Mapping {
    /// Sets an entry, and says whether there was one.
    fn set(&mut self, key: String, node: Node) -> bool {
        if let Some(entry) = self.places.get(&key).and_then(|place| self.entries.get_mut(*place)) {
            entry.1 = node;
            return true;
        }
        self.places.insert(key.clone(), self.entries.len());
        self.entries.push((key, node));
        false
    }
}

impl Node {
    pub(super) fn into_json(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => Value::Array(items.into_iter().map(Self::into_json).collect()),
            Content::Mapping(mapping) => Value::Object(
                mapping.entries.into_iter().map(|(key, node)| (key, node.into_json())).collect(),
            ),
        }
    }

    /// The place of `path`, or of the innermost node that it goes through. Field names count whatever their case.
    pub(super) fn nearest(&self, at: &At<'_>, path: &str) -> Position {
        let through = |at: &At<'_>| {
            let here = at.to_string();
            path.get(..here.len()).is_some_and(|start| start.eq_ignore_ascii_case(&here))
                && path[here.len()..].chars().next().is_none_or(|c| c == '.' || c == '[')
        };
        let child = match &self.content {
            Content::Scalar(_) => None,
            Content::List(items) => items.iter().enumerate().find_map(|(i, item)| {
                let at = at.index(i);
                through(&at).then(|| item.nearest(&at, path))
            }),
            Content::Mapping(mapping) => mapping.entries.iter().find_map(|(key, node)| {
                let at = at.field(key);
                through(&at).then(|| node.nearest(&at, path))
            }),
        };
        child.unwrap_or(self.at)
    }

    fn count(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(_) => 0,
            Content::List(items) => items.iter().map(Self::count).sum(),
            Content::Mapping(mapping) => mapping.entries.iter().map(|(_, node)| node.count()).sum(),
        }
    }
}

/// The first document of a text; `None` where there is none.
pub(super) fn parse(
    text: &str,
    budget: Budget,
    warnings: &mut Vec<Problem>,
) -> Result<Option<Node>, Problem> {
    if text.len() > budget.bytes {
        let message = format!("the file is longer than {} bytes; split it", budget.bytes);
        return Err(Problem::error(&At::root(""), message));
    }
    let options = granit_parser::options! { emit_comments: false, block_scalar_eof_without_line_feed: true };
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        anchors: BTreeMap::new(),
        nodes_left: budget.nodes,
        nodes_max: budget.nodes,
        depth: 0,
        warnings,
    };
    loop {
        match reader.next()? {
            (Event::StreamStart, _) => {}
            (Event::DocumentStart(..), _) => break,
            _ => return Ok(None),
        }
    }
    let (event, span) = reader.next()?;
    if matches!(event, Event::DocumentEnd) {
        return Ok(None);
    }
    let root = reader.node(event, span, &At::root(""))?;
    // The end must be one: what follows the root inside the document is an error that the next event tells.
    reader.next()?;
    Ok(Some(root))
}

struct Reader<'a, 'w> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    nodes_left: usize,
    nodes_max: usize,
    depth: usize,
    warnings: &'w mut Vec<Problem>,
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(e)) => Err(not_yaml(&e)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, at: &At<'_>) -> Result<Node, Problem> {
        let place = position(&span);
        let anchor = event.anchor_id();
        self.spend(1, at, place)?;
        let mut merges = false;
        let content = match event {
            Event::Scalar(text, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                merges = plain && tag.is_none() && text == "<<";
                let value = scalar::value(&text, plain, tag.as_deref());
                Content::Scalar(value.map_err(|message| refused(at, place, &message))?)
            }
            Event::SequenceStart(..) => Content::List(self.deeper(at, place, Self::list)?),
            Event::MappingStart(..) => Content::Mapping(self.deeper(at, place, Self::mapping)?),
            Event::Alias(id) => {
                let Some(size) = self.anchors.get(&id).map(Node::count) else {
                    return Err(refused(at, place, "an alias cannot stand inside what it stands for"));
                };
                self.spend(size, at, place)?;
                self.anchors.get(&id).map_or_else(|| Content::List(Vec::new()), |node| node.content.clone())
            }
            _ => return Err(refused(at, place, "a value is missing here")),
        };
        let node = Node { at: place, content, merges };
        if let Some(anchor) = anchor {
            // The copy costs as much as using it would: anchors inside anchors are copied once a level.
            self.spend(node.count(), at, place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn spend(&mut self, nodes: usize, at: &At<'_>, place: Position) -> Result<(), Problem> {
        let Some(left) = self.nodes_left.checked_sub(nodes) else {
            let message = format!("the file holds more than {} values; split it", self.nodes_max);
            return Err(refused(at, place, &message));
        };
        self.nodes_left = left;
        Ok(())
    }

    fn deeper<T>(
        &mut self,
        at: &At<'_>,
        place: Position,
        read: impl FnOnce(&mut Self, &At<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if self.depth == DEPTH_MAX {
            return Err(refused(at, place, "lists and mappings are nested too deeply"));
        }
        self.depth += 1;
        let read = read(self, at);
        self.depth -= 1;
        read
    }

    fn list(&mut self, at: &At<'_>) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, &at.index(items.len()))?),
            }
        }
    }

    fn mapping(&mut self, at: &At<'_>) -> Result<Mapping, Problem> {
        let mut mapping = Mapping::default();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(mapping),
                (event, span) => self.node(event, span, at)?,
            };
            let (place, merges) = (key.at, key.merges);
            let key = scalar::key(key.into_json()).map_err(|message| refused(at, place, &message))?;
            let (event, span) = self.next()?;
            let here = at.field(&key);
            let value = self.node(event, span, &here)?;
            if merges {
                merge(&mut mapping, value, at)?;
                continue;
            }
            let warning =
                Problem::warning(&here, format!("this key stands here twice ({place}); the last one counts"));
            if mapping.set(key, value) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Brings the entries of a mapping, or of a list of mappings (the first wins), into another; as in Go also over
/// entries that stand before the merge key.
fn merge(into: &mut Mapping, from: Node, at: &At<'_>) -> Result<(), Problem> {
    match from.content {
        Content::Mapping(mapping) => {
            for (key, node) in mapping.entries {
                into.set(key, node);
            }
            Ok(())
        }
        Content::List(items) if items.iter().all(|item| matches!(item.content, Content::Mapping(_))) => {
            items.into_iter().rev().try_for_each(|item| merge(into, item, at))
        }
        Content::List(_) | Content::Scalar(_) => {
            Err(refused(at, from.at, "only a mapping, or a list of mappings, can be merged with <<"))
        }
    }
}

fn position(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

fn refused(at: &At<'_>, place: Position, message: &str) -> Problem {
    Problem::error(at, format!("{message} ({place})"))
}

fn not_yaml(error: &ScanError) -> Problem {
    let place = Position { line: error.marker().line(), column: error.marker().col() + 1 };
    Problem::error(&At::root(""), format!("this is not YAML: {} ({place})", error.kind()))
}
