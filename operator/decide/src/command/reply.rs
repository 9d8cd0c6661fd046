//! The shape of an answer: a mention, the message, and below it, folded away, what it answers.
//!
//! Every line of the quoted text begins with `>`, so an answer that quotes a command is no command.

use crate::facts::Login;
use std::fmt::Write as _;

/// What stands at the end of every answer.
#[derive(Clone, Debug)]
pub struct Footer<'a> {
    /// The page about all commands.
    pub command_help: &'a str,
    /// Where people report what the bot does wrong.
    pub issues: &'a str,
}

/// The longest quotation, in characters: a comment of GitHub holds 65536, and the message comes first.
const QUOTED: usize = 10_000;

/// An answer to `text`, which stands at `url`.
pub fn reply(to: &Login, message: &str, text: &str, url: &str, footer: &Footer<'_>) -> String {
    let mut answer =
        format!("@{to}: {message}\n\n<details><summary>In answer to [this]({url})</summary>\n\n");
    let cut: String = text.chars().take(QUOTED).collect();
    for line in cut.lines() {
        let _ = writeln!(answer, ">{line}");
    }
    if cut.len() < text.len() {
        answer.push_str(">...\n");
    }
    let _ = write!(
        answer,
        "\n[Commands]({}) · [Report a problem]({})\n</details>\n",
        footer.command_help, footer.issues
    );
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::commands;

    const FOOTER: Footer<'_> =
        Footer { command_help: "https://ci.example.org/commands", issues: "https://ci.example.org/issues" };

    #[test]
    fn an_answer_names_the_person_and_quotes_what_they_said() {
        insta::assert_snapshot!(reply(
            &Login::new("robin"),
            "no.",
            "please\n/close\n",
            "https://x/1",
            &FOOTER
        ));
    }

    #[test]
    fn a_quoted_command_is_no_command() {
        let answer = reply(&Login::new("robin"), "no.", "/close\r\n```\n/hold\n", "https://x/1", &FOOTER);
        assert!(commands(&answer).is_empty());
    }

    #[test]
    fn a_long_text_is_cut() {
        let answer = reply(&Login::new("robin"), "no.", &"x".repeat(70_000), "https://x/1", &FOOTER);
        assert!(answer.len() < 12_000);
    }
}
