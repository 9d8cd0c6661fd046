//! Which lines of a comment may carry a command.
//!
//! A comment is Markdown: what stands in a code block, in inline code, in an HTML comment or behind a quotation mark
//! was shown, not said. A real parser decides that, because a guess by expressions misses fences with CR LF, longer
//! fences and unclosed ones. Line numbers are those of the comment: a command is known by comment and line.

use pulldown_cmark::{Event, Options, Parser, Tag};
use std::ops::Range;

/// A comment with every line emptied that cannot carry a command. Lines keep their numbers and end in LF alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandText {
    text: String,
}

impl CommandText {
    /// Reads the body of a comment, a review or a description.
    pub fn of(body: &str) -> Self {
        let unsaid = Unsaid::of(body);
        let mut text = String::with_capacity(body.len());
        let mut start = 0;
        for raw in body.split('\n') {
            let line = raw.strip_suffix('\r').unwrap_or(raw);
            if start > 0 {
                text.push('\n');
            }
            if !unsaid.covers(start, line) {
                text.push_str(line);
            }
            start += raw.len() + 1;
        }
        Self { text }
    }

    /// The text, for expressions that look at more than one line.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The lines that are not empty, each with its number in the comment, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..).zip(self.text.split('\n')).filter(|(_, line)| !line.is_empty())
    }

    /// The number of the line in which a byte of [`Self::as_str`] stands, from 1.
    pub fn line_at(&self, offset: usize) -> u32 {
        (1..)
            .zip(self.text.split_inclusive('\n').scan(0, |end, line| {
                *end += line.len();
                Some(*end)
            }))
            .find(|(_, end)| offset < *end)
            .map_or_else(|| self.last_line(), |(number, _)| number)
    }

    fn last_line(&self) -> u32 {
        (1..).zip(self.text.split('\n')).last().map_or(1, |(number, _)| number)
    }
}

/// The parts of a comment that were shown or quoted. Both lists are ascending and without overlap.
#[derive(Debug, Default)]
struct Unsaid {
    /// Code and HTML comments.
    shown: Vec<Range<usize>>,
    /// Block quotes, the outermost ones.
    quoted: Vec<Range<usize>>,
}

impl Unsaid {
    fn of(body: &str) -> Self {
        let mut unsaid = Self::default();
        for (event, range) in Parser::new_ext(body, Options::empty()).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(_)) => unsaid.shown.push(whole_lines(body, range)),
                Event::Code(_) => unsaid.shown.push(range),
                Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                    unsaid.shown.extend(comments_in(body, &range));
                }
                Event::Start(Tag::BlockQuote(_))
                    if unsaid.quoted.last().is_none_or(|outer| outer.end <= range.start) =>
                {
                    unsaid.quoted.push(whole_lines(body, range));
                }
                // Pulldown-cmark's events, not ours: what is left carries text or shapes it.
                _ => {}
            }
        }
        unsaid
    }

    /// Whether a line is not said. `start` is its offset; its first visible character decides.
    fn covers(&self, start: usize, line: &str) -> bool {
        let visible = line.trim_start();
        let first = start + line.len() - visible.len();
        if range_around(&self.shown, first).is_some() {
            return true;
        }
        // Markdown also counts a line below a quotation as quoted if no blank line parts them. People who answer
        // below a quotation do not know that, and Prow runs what they write: such a line is said.
        range_around(&self.quoted, first)
            .is_some_and(|quote| start <= quote.start || visible.starts_with('>'))
    }
}

/// A block from the start of its first line: only marks of lists can stand before it.
fn whole_lines(body: &str, block: Range<usize>) -> Range<usize> {
    let start = body.get(..block.start).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    start..block.end
}

fn range_around(ranges: &[Range<usize>], offset: usize) -> Option<&Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= offset);
    ranges.get(after.checked_sub(1)?).filter(|range| offset < range.end)
}

/// HTML comments within a piece of HTML; an unclosed one reaches to its end, as in a browser.
fn comments_in(body: &str, html: &Range<usize>) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut from = html.start;
    while let Some(found) = body.get(from..html.end).and_then(|rest| rest.find("<!--")) {
        let start = from + found;
        // From the two dashes on: `<!-->` is a whole comment.
        let end = body
            .get(start + 2..html.end)
            .and_then(|rest| rest.find("-->"))
            .map_or(html.end, |close| start + 2 + close + 3);
        comments.push(start..end);
        from = end;
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(body: &str) -> Vec<(u32, String)> {
        CommandText::of(body).lines().map(|(number, line)| (number, line.to_owned())).collect()
    }

    fn nothing_is_said_in(body: &str) {
        let lines = said(body);
        assert!(lines.iter().all(|(_, line)| !line.contains("/test")), "{body:?} says {lines:?}");
    }

    #[test]
    fn a_plain_line_is_said_with_its_number() {
        assert_eq!(said("see\r\n\r\n/test all\r\n"), [(1, "see".into()), (3, "/test all".into())]);
    }

    #[test]
    fn code_is_shown_not_said() {
        for body in [
            "```\n/test all\n```",
            "```sh\r\n/test all\r\n```\r\nmore",
            "~~~\n/test all\n~~~",
            "````\n```\n/test all\n```\n````",
            "```\n/test all",
            "  ```\n/test all\n  ```",
            "- item\n  ```\n  /test all\n  ```",
            "    /test all",
            "look at `this\n/test all\n` please",
            "`/test all`",
        ] {
            nothing_is_said_in(body);
        }
    }

    #[test]
    fn a_hidden_comment_is_not_said() {
        for body in [
            "<!-- /test all -->",
            "<!--\n/test all\n-->",
            "<!--\n\n/test all",
            "<div>\n<!--\n/test all\n-->\n</div>",
            "a <!-- b\n/test all\n--> c",
        ] {
            nothing_is_said_in(body);
        }
    }

    #[test]
    fn other_html_speaks() {
        assert_eq!(said("<details>\n/test all\n</details>").get(1), Some(&(2, "/test all".into())));
        assert_eq!(said("<!--> -->\n\n/test all").last(), Some(&(3, "/test all".into())));
    }

    #[test]
    fn a_quotation_is_not_said_but_the_answer_below_it_is() {
        nothing_is_said_in("> /test all");
        nothing_is_said_in("- > /test all\n  > /test all");
        assert_eq!(said("> what now?\n/test all"), [(2, "/test all".into())]);
    }

    #[test]
    fn text_around_code_is_said() {
        assert_eq!(
            said("/test a\n```\n/test b\n```\n/test c"),
            [(1, "/test a".into()), (5, "/test c".into())]
        );
        assert_eq!(said("/test `a`"), [(1, "/test `a`".into())]);
    }

    #[test]
    fn an_offset_is_found_in_its_line() {
        let text = CommandText::of("a\n\nb");
        assert_eq!([0, 1, 2, 3, 4].map(|offset| text.line_at(offset)), [1, 1, 2, 3, 3]);
    }

    proptest! {
        #[test]
        fn whatever_people_write_only_lines_of_the_comment_are_said(
            body in r"([`~<>!\-/ \t#*+0-9a-c]|test|<!--|-->|```|> |    |\r\n|\n|\PC){0,60}"
        ) {
            let written: Vec<&str> = body.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).collect();
            let text = CommandText::of(&body);
            prop_assert_eq!(text.as_str().split('\n').count(), written.len());
            for (number, line) in text.lines() {
                prop_assert_eq!(written[number as usize - 1], line);
            }
        }
    }
}
