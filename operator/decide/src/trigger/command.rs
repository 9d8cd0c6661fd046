//! What a comment asks the trigger for: `/test`, `/retest`, `/ok-to-test` and what job files define themselves.
//!
//! Commands are read line by line, each with its line: it is half of the key of what it starts (DESIGN C1). Blanks are
//! Go's (`\s`), so that a line means here what it means to Prow.

use crate::{job::Presubmit, text::CommandText};

/// A command in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerCommand {
    /// `/test all`
    TestAll,
    /// `/test ?`
    TestHelp,
    /// `/test`, and no word what.
    TestNothing,
    /// `/test` and a name, which some job may know.
    TestTarget,
    /// `/test-manual-required`
    TestManualRequired,
    /// `/retest`
    Retest,
    /// `/retest` and a name, which it does not take.
    RetestTarget,
    /// `/retest-required`
    RetestRequired,
    /// `/ok-to-test`
    OkToTest,
    /// `/ok-to-test cancel`
    OkToTestCancel,
}

/// A comment as the trigger reads it.
#[derive(Clone, Debug)]
pub struct Said {
    text: CommandText,
    commands: Vec<(u32, TriggerCommand)>,
}

impl Said {
    /// Reads the body of a comment.
    pub fn read(body: &str) -> Self {
        let text = CommandText::of(body);
        let commands = text
            .lines()
            .filter_map(|(number, line)| command(line).map(|command| (number, command)))
            .collect();
        Self { text, commands }
    }

    /// The commands in their order, with their lines.
    pub fn commands(&self) -> &[(u32, TriggerCommand)] {
        &self.commands
    }

    /// The first line with this command.
    pub fn line_of(&self, command: TriggerCommand) -> Option<u32> {
        self.commands.iter().find(|(_, there)| *there == command).map(|(line, _)| *line)
    }

    /// Whether this command is given.
    pub fn says(&self, command: TriggerCommand) -> bool {
        self.line_of(command).is_some()
    }

    /// The line in which the job's own trigger matches.
    pub fn line_naming(&self, job: &Presubmit) -> Option<u32> {
        job.trigger().compiled().find(self.text.as_str()).map(|found| self.text.line_at(found.start()))
    }

    /// Whether it concerns the trigger at all.
    pub fn concerns<'a>(&self, mut jobs: impl Iterator<Item = &'a Presubmit>) -> bool {
        !self.commands.is_empty() || jobs.any(|job| self.line_naming(job).is_some())
    }

    /// Whether it says `/test` or `/retest` in any form, so that an earlier list of commands has served its turn.
    pub(super) fn asks_for_tests(&self) -> bool {
        self.commands.iter().any(|(_, command)| match command {
            TriggerCommand::TestAll
            | TriggerCommand::TestHelp
            | TriggerCommand::TestNothing
            | TriggerCommand::TestTarget
            | TriggerCommand::TestManualRequired
            | TriggerCommand::Retest
            | TriggerCommand::RetestTarget
            | TriggerCommand::RetestRequired => true,
            TriggerCommand::OkToTest | TriggerCommand::OkToTestCancel => false,
        })
    }
}

/// Go's `\s` within a line.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\x0c'];

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| BLANKS.contains(&c))
}

/// Whether an argument follows: a space or tab, then something.
fn has_argument(rest: &str) -> bool {
    let argument = rest.trim_start_matches([' ', '\t']);
    argument.len() < rest.len() && !argument.is_empty() && !argument.starts_with(BLANKS)
}

fn command(line: &str) -> Option<TriggerCommand> {
    let command = |word: &str, meant| line.strip_prefix(word).filter(|rest| is_blank(rest)).map(|_| meant);
    command("/test-manual-required", TriggerCommand::TestManualRequired)
        .or_else(|| command("/retest-required", TriggerCommand::RetestRequired))
        .or_else(|| test(line.strip_prefix("/test")?))
        .or_else(|| retest(line.strip_prefix("/retest")?))
        .or_else(|| ok_to_test(line.strip_prefix("/ok-to-test")?))
}

fn test(rest: &str) -> Option<TriggerCommand> {
    if is_blank(rest) {
        return Some(TriggerCommand::TestNothing);
    }
    let argument = rest.trim_start_matches([' ', '\t']);
    if argument.strip_prefix('?').is_some_and(is_blank) {
        return Some(TriggerCommand::TestHelp);
    }
    if let Some(after) = rest.strip_prefix(" all") {
        let after = after.strip_prefix(',').unwrap_or(after);
        if after.is_empty() || after.starts_with(BLANKS) {
            return Some(TriggerCommand::TestAll);
        }
    }
    has_argument(rest).then_some(TriggerCommand::TestTarget)
}

fn retest(rest: &str) -> Option<TriggerCommand> {
    if is_blank(rest) {
        return Some(TriggerCommand::Retest);
    }
    has_argument(rest).then_some(TriggerCommand::RetestTarget)
}

fn ok_to_test(rest: &str) -> Option<TriggerCommand> {
    if is_blank(rest) {
        return Some(TriggerCommand::OkToTest);
    }
    let argument = rest.trim_matches(BLANKS);
    (argument == "cancel" && rest.starts_with(BLANKS)).then_some(TriggerCommand::OkToTestCancel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<TriggerCommand> {
        Said::read(line).commands.iter().map(|(_, command)| *command).collect()
    }

    #[test]
    fn each_command_has_its_forms() {
        use TriggerCommand as C;
        for (line, command) in [
            ("/test all", C::TestAll),
            ("/test all,", C::TestAll),
            ("/test all now", C::TestAll),
            ("/test all,all", C::TestTarget),
            ("/test  all", C::TestTarget),
            ("/test ?", C::TestHelp),
            ("/test?", C::TestHelp),
            ("/test ? unit", C::TestTarget),
            ("/test", C::TestNothing),
            ("/test \r", C::TestNothing),
            ("/test unit", C::TestTarget),
            ("/test-manual-required ", C::TestManualRequired),
            ("/retest\t", C::Retest),
            ("/retest unit", C::RetestTarget),
            ("/retest-required", C::RetestRequired),
            ("/ok-to-test", C::OkToTest),
            ("/ok-to-test  cancel ", C::OkToTestCancel),
        ] {
            assert_eq!(read(line), [command], "{line:?}");
        }
    }

    #[test]
    fn what_only_resembles_a_command_is_none() {
        for line in [
            " /test all",
            "/Test all",
            "/test\u{a0}unit",
            "/test-manual",
            "/test-manual-required unit",
            "/retest.",
            "/retest-optional",
            "/ok-to-test please",
            "/ok-to-testcancel",
            "/ok-to-test cancel now",
            "please /retest",
        ] {
            assert!(read(line).is_empty(), "{line:?}");
        }
    }

    #[test]
    fn an_argument_is_never_taken_from_the_next_line() {
        assert_eq!(read("/ok-to-test\ncancel"), [TriggerCommand::OkToTest]);
    }

    #[test]
    fn commands_keep_their_order_and_lines() {
        let said = Said::read("/retest\n\n/ok-to-test\n/retest");
        assert_eq!(
            said.commands(),
            [(1, TriggerCommand::Retest), (3, TriggerCommand::OkToTest), (4, TriggerCommand::Retest)]
        );
    }
}
