//! From Go's syntax to the `regex` crate's: one pass that reads by Go's rules and writes what means the same.

use super::{
    class::{bracket_class, escape, perl_class, unicode_class, write_char},
    cursor::Cursor,
    invalid::Fault,
};
use std::{collections::BTreeSet, fmt::Write as _};

/// How often something may be repeated, nested repetitions multiplied.
const REPEAT_MAX: u32 = 1000;

/// Writes an expression of Go's syntax for the `regex` crate.
pub(super) fn translate(expression: &str) -> Result<String, Fault> {
    let mut reader = Reader {
        cursor: Cursor::new(expression),
        out: String::with_capacity(expression.len() * 2),
        group: Group::default(),
        outer: Vec::new(),
        names: BTreeSet::new(),
    };
    // Where the last token ended if that was a repetition: another one right there is refused.
    let mut repeated_until = None;
    while let Some(next) = reader.cursor.peek() {
        let start = reader.cursor;
        let repetition = match next {
            '*' | '+' | '?' => {
                reader.cursor.next();
                Some(Repetition { mark: next.to_string(), min: 0, max: None })
            }
            '{' => Repetition::counted(&mut reader.cursor),
            _ => None,
        };
        if let Some(repetition) = repetition {
            let lazy = reader.cursor.take("?");
            if repeated_until == Some(start.position()) {
                let mark = reader.cursor.since(&start).to_owned();
                return Err(Fault::RepeatedRepetition { mark, at: start.position() });
            }
            reader.repeat(&repetition, lazy, start)?;
            repeated_until = Some(reader.cursor.position());
        } else {
            reader.token(next)?;
        }
    }
    match reader.outer.pop() {
        // The outermost open group closes last, but the innermost one is where people look first.
        Some(_) => Err(Fault::UnclosedGroup { at: reader.group.position }),
        None => Ok(reader.out),
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    out: String,
    /// The group that is being read, and those around it.
    group: Group,
    outer: Vec<Group>,
    names: BTreeSet<&'a str>,
}

/// A group that is open.
#[derive(Default)]
struct Group {
    /// Its opening bracket in the expression.
    position: usize,
    /// Its opening bracket in what is written.
    start: usize,
    /// What a repetition would repeat.
    last: Option<Piece>,
    /// The most that anything inside is repeated.
    repeats: u32,
}

/// Something that can be repeated, as a range of what is written.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    repeated: bool,
    repeats: u32,
}

struct Repetition {
    mark: String,
    min: u32,
    /// `None`: any number.
    max: Option<u32>,
}

impl Repetition {
    /// Reads `{2}`, `{2,}` or `{2,5}`. Anything else in braces is text, as in Go.
    fn counted(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut ahead = *cursor;
        ahead.take("{");
        let min = count(&mut ahead)?;
        let max = if ahead.take(",") {
            if ahead.peek() == Some('}') { None } else { Some(count(&mut ahead)?) }
        } else {
            Some(min)
        };
        if !ahead.take("}") {
            return None;
        }
        let mark = ahead.since(cursor).to_owned();
        *cursor = ahead;
        Some(Self { mark, min, max })
    }

    fn is_counted(&self) -> bool {
        self.mark.starts_with('{')
    }
}

/// A count without leading zeros. One that overflows is as wrong as any above the limit.
fn count(cursor: &mut Cursor<'_>) -> Option<u32> {
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

impl<'a> Reader<'a> {
    /// Reads one token that is no repetition.
    fn token(&mut self, next: char) -> Result<(), Fault> {
        match next {
            '(' => return self.open(),
            ')' => return self.close(),
            '|' => {
                self.cursor.next();
                self.out.push('|');
                self.group.last = None;
            }
            '[' => {
                let start = self.out.len();
                bracket_class(&mut self.cursor, &mut self.out)?;
                self.wrote(start);
            }
            '\\' => return self.backslash(),
            '^' | '$' | '.' => {
                self.cursor.next();
                self.piece(&next.to_string());
            }
            literal => {
                self.cursor.next();
                self.literal(literal);
            }
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        let start = self.out.len();
        write_char(c, &mut self.out);
        self.wrote(start);
    }

    fn piece(&mut self, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        self.wrote(start);
    }

    /// What was written since `start` is what a repetition would repeat.
    fn wrote(&mut self, start: usize) {
        self.group.last = Some(Piece { start, end: self.out.len(), repeated: false, repeats: 0 });
    }

    fn backslash(&mut self) -> Result<(), Fault> {
        // `\b` and `\B` look at ASCII letters only, even beside a letter of another script.
        for (mark, written) in [(r"\A", r"\A"), (r"\z", r"\z"), (r"\b", r"(?-u:\b)"), (r"\B", r"(?-u:\B)")] {
            if self.cursor.take(mark) {
                self.piece(written);
                return Ok(());
            }
        }
        if self.cursor.take(r"\Q") {
            for c in self.cursor.take_through(r"\E").chars() {
                self.literal(c);
            }
        } else if let Some(class) = perl_class(&mut self.cursor) {
            self.piece(class);
        } else if let Some(class) = unicode_class(&mut self.cursor) {
            self.piece(&class?);
        } else {
            let c = escape(&mut self.cursor)?;
            self.literal(c);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        let start = self.cursor;
        self.cursor.take("(");
        let mut opening = String::from("(");
        if self.cursor.take("?") {
            if self.cursor.take("P<") || self.cursor.take("<") {
                opening = self.name(start)?;
            } else {
                let flags = self.flags(start)?;
                if self.cursor.take(")") {
                    // Flags alone: no piece, so that a repetition after them repeats what stands before them.
                    if !flags.is_empty() {
                        let _ = write!(self.out, "(?{flags})");
                    }
                    return Ok(());
                }
                self.cursor.take(":");
                opening = format!("(?{flags}:");
            }
        }
        let group = Group { position: start.position(), start: self.out.len(), last: None, repeats: 0 };
        self.outer.push(std::mem::replace(&mut self.group, group));
        self.out.push_str(&opening);
        Ok(())
    }

    /// Reads the rest of `(?P<name>`.
    fn name(&mut self, start: Cursor<'a>) -> Result<String, Fault> {
        let name = self.cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || !self.cursor.take(">") {
            let mark = self.cursor.since(&start).to_owned();
            return Err(Fault::GroupName { mark, at: start.position() });
        }
        if !self.names.insert(name) {
            return Err(Fault::RepeatedGroupName { name: name.to_owned(), at: start.position() });
        }
        // The crate's names do not begin with a digit; such a group stays a group, without its name.
        let nameless = name.starts_with(|c: char| c.is_ascii_digit());
        Ok(if nameless { String::from("(") } else { format!("(?P<{name}>") })
    }

    /// Reads the flags after `(?`, up to `:` or `)`, and says them as the crate takes them: each at most once.
    fn flags(&mut self, start: Cursor<'a>) -> Result<String, Fault> {
        let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
        let (mut negative, mut after_sign) = (false, false);
        loop {
            let next = self.cursor.peek();
            match next {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    let (into, from) = if negative { (&mut off, &mut on) } else { (&mut on, &mut off) };
                    into.insert(flag);
                    from.remove(&flag);
                    after_sign = false;
                }
                Some('-') if !negative => (negative, after_sign) = (true, true),
                Some(':' | ')') if !after_sign => break,
                _ => {
                    self.cursor.next();
                    let mark = self.cursor.since(&start).to_owned();
                    return Err(if next.is_none() {
                        Fault::UnclosedGroup { at: start.position() }
                    } else {
                        Fault::UnsupportedGroup { mark, at: start.position() }
                    });
                }
            }
            self.cursor.next();
        }
        let mut flags: String = on.into_iter().collect();
        if !off.is_empty() {
            flags.push('-');
            flags.extend(off);
        }
        Ok(flags)
    }

    fn close(&mut self) -> Result<(), Fault> {
        let at = self.cursor.position();
        self.cursor.take(")");
        let outer = self.outer.pop().ok_or(Fault::UnopenedGroup { at })?;
        let inner = std::mem::replace(&mut self.group, outer);
        self.out.push(')');
        self.group.last =
            Some(Piece { start: inner.start, end: self.out.len(), repeated: false, repeats: inner.repeats });
        self.group.repeats = self.group.repeats.max(inner.repeats);
        Ok(())
    }

    fn repeat(&mut self, repetition: &Repetition, lazy: bool, start: Cursor<'a>) -> Result<(), Fault> {
        let at = start.position();
        let mark = &repetition.mark;
        let Some(mut piece) = self.group.last else {
            return Err(Fault::NothingToRepeat { mark: mark.clone(), at });
        };
        if repetition.is_counted() {
            let (min, max) = (repetition.min, repetition.max);
            let most = max.unwrap_or(min);
            if min > REPEAT_MAX || most > REPEAT_MAX || min > most {
                return Err(Fault::RepeatCount { mark: mark.clone(), at });
            }
            piece.repeats = match (max, most) {
                (Some(0), _) => 0,
                (_, 0) => piece.repeats,
                (_, most) => most.saturating_mul(piece.repeats.max(1)),
            };
            if most >= 2 && piece.repeats > REPEAT_MAX {
                return Err(Fault::RepeatCount { mark: mark.clone(), at });
            }
        }
        // A second repetition (possible after flags: `a*(?i)?`) must not be taken for a mark of the first.
        if piece.repeated {
            self.out.insert_str(piece.start, "(?:");
            piece.end += 3;
            self.out.insert(piece.end, ')');
            piece.end += 1;
        }
        let written = format!("{mark}{}", if lazy { "?" } else { "" });
        self.out.insert_str(piece.end, &written);
        piece.end += written.len();
        piece.repeated = true;
        self.group.repeats = self.group.repeats.max(piece.repeats);
        self.group.last = Some(piece);
        Ok(())
    }
}
