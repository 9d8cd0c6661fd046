//! Which lines of a text are commands: those that begin with `/`, outside of code and of HTML comments.
//!
//! A quoted line begins with `>`, so it is none. What follows a quoted line without a blank line is one: people answer
//! mails that way.

use pulldown_cmark::{Event, Parser, Tag};
use std::{borrow::Cow, ops::Range};

/// A command as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// The line it stands on, from 1: part of its key (DESIGN C1).
    pub line: usize,
    /// The word after the slash, as written.
    pub word: &'a str,
    /// What follows the word on the line, without blanks around it and without HTML comments.
    pub argument: Cow<'a, str>,
    /// The whole line, without blanks at its end.
    pub text: &'a str,
}

impl Command<'_> {
    /// The first word of the argument, in lower case; empty without one.
    pub fn first(&self) -> String {
        self.argument.split_ascii_whitespace().next().unwrap_or("").to_ascii_lowercase()
    }

    /// The words of the argument. Double quotes hold words together; one that is left open reaches to the end.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let (mut word, mut begun, mut quoted) = (String::new(), false, false);
        for character in self.argument.chars() {
            if character == '"' {
                quoted = !quoted;
                begun = true;
            } else if character.is_ascii_whitespace() && !quoted {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            } else {
                word.push(character);
                begun = true;
            }
        }
        if begun {
            words.push(word);
        }
        words
    }
}

/// The commands of a text, in order.
pub fn commands(text: &str) -> Vec<Command<'_>> {
    // Most comments hold no command: they need no Markdown parser.
    if !text.starts_with('/') && !text.contains("\n/") {
        return Vec::new();
    }
    let hidden = hidden(text);
    let mut found = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.starts_with('/') && !hidden.iter().any(|range| range.contains(&start)) {
            found.extend(command(number + 1, line.trim_ascii_end()));
        }
        start += line.len();
    }
    found
}

fn command(line: usize, text: &str) -> Option<Command<'_>> {
    let rest = text.strip_prefix('/')?;
    let (word, argument) = rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, ""));
    let (word, argument) = (word.split("<!--").next().unwrap_or(word), without_comments(argument));
    (!word.is_empty()).then_some(Command { line, word, argument, text })
}

fn without_comments(argument: &str) -> Cow<'_, str> {
    let Some((before, _)) = argument.split_once("<!--") else { return Cow::Borrowed(argument.trim_ascii()) };
    let mut text = before.to_owned();
    // Each piece begins inside a comment.
    for piece in argument.split("<!--").skip(1) {
        text.push_str(piece.split_once("-->").map_or("", |(_, after)| after));
    }
    Cow::Owned(text.trim_ascii().to_owned())
}

/// Where the text is code or an HTML comment.
fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        if matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)) {
            hidden.push(range);
        } else if matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_)) {
            comments(text.get(range.clone()).unwrap_or(""), range.start, &mut hidden);
        }
    }
    hidden
}

fn comments(html: &str, offset: usize, hidden: &mut Vec<Range<usize>>) {
    let mut position = 0;
    while let Some(start) = html.get(position..).and_then(|rest| rest.find("<!--")).map(|at| position + at) {
        let end = html.get(start..).and_then(|rest| rest.find("-->")).map_or(html.len(), |at| start + at + 3);
        hidden.push(offset + start..offset + end);
        position = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        commands(text)
            .iter()
            .map(|command| format!("{}:{}|{}", command.line, command.word, command.argument))
            .collect()
    }

    #[test]
    fn a_command_begins_its_line() {
        assert_eq!(
            lines("/hold\r\n I /hold\n /hold\n> /hold\n/lgtm  cancel \n"),
            ["1:hold|", "5:lgtm|cancel"]
        );
    }

    #[test]
    fn code_and_html_comments_are_not_read() {
        assert!(lines("```\n/hold\n```\n").is_empty());
        assert!(lines("~~~ text\n/hold\n").is_empty());
        assert!(lines("a `b\n/hold\nc` d\n").is_empty());
        assert!(lines("<!--\n/hold\n-->\n").is_empty());
        assert!(lines("text <!-- a\n/hold\n--> text\n").is_empty());
    }

    #[test]
    fn what_follows_hidden_text_is_read() {
        assert_eq!(lines("```\n/hold\n```\n/lgtm\n"), ["4:lgtm|"]);
        assert_eq!(lines("<!-- a -->\n/hold\n"), ["2:hold|"]);
        assert_eq!(lines("<details>\n/hold\n</details>\n"), ["2:hold|"]);
        assert_eq!(lines("> quoted\n/hold\n"), ["2:hold|"]);
    }

    #[test]
    fn an_argument_has_no_html_comments() {
        assert_eq!(lines("/assign kim <!-- she knows -->lee<!-- too\n"), ["1:assign|kim lee"]);
    }

    #[test]
    fn quotes_hold_words_together() {
        let words = |text| commands(text)[0].words();
        assert_eq!(words("/override \"a / b\"  c\td \"e f"), ["a / b", "c", "d", "e f"]);
        assert!(words("/override").is_empty());
    }

    #[test]
    fn an_unclosed_comment_hides_the_rest() {
        assert!(lines("<!--\n/hold\n\n/lgtm\n").is_empty());
    }
}
