//! The commands of a text: the lines that begin with `/`, where [`CommandText`] says that something was said at all.

use crate::text::CommandText;

/// A command as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line it stands on, from 1: part of its key (DESIGN C1).
    pub line: u32,
    /// The word after the slash, as written.
    pub word: String,
    /// What follows the word on the line, without blanks around it and without HTML comments.
    pub argument: String,
    /// The whole line, without blanks at its end.
    pub text: String,
}

impl Command {
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
pub fn commands(text: &str) -> Vec<Command> {
    // Most comments hold no command: they need no Markdown parser.
    if !text.starts_with('/') && !text.contains("\n/") {
        return Vec::new();
    }
    CommandText::of(text).lines().filter_map(|(line, text)| command(line, text.trim_ascii_end())).collect()
}

fn command(line: u32, text: &str) -> Option<Command> {
    let rest = text.strip_prefix('/')?;
    let (word, argument) = rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, ""));
    let word = word.split("<!--").next().unwrap_or(word);
    (!word.is_empty()).then(|| Command {
        line,
        word: word.to_owned(),
        argument: without_comments(argument),
        text: text.to_owned(),
    })
}

fn without_comments(argument: &str) -> String {
    let mut pieces = argument.split("<!--");
    let mut text = pieces.next().unwrap_or("").to_owned();
    // Each further piece begins inside a comment.
    for piece in pieces {
        text.push_str(piece.split_once("-->").map_or("", |(_, after)| after));
    }
    text.trim_ascii().to_owned()
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
    fn what_is_shown_is_not_read() {
        assert_eq!(lines("```\n/hold\n```\n<!--\n/hold\n-->\n\n/lgtm\n"), ["8:lgtm|"]);
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
}
