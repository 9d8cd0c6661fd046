//! All that the trigger says on GitHub, in one place.
//!
//! The first line of every reply is a hidden mark: what kind of reply it is, and which comment it answers. With it a
//! reply is written once, however often we look. A mark counts only in the first line of a comment by the bot itself:
//! further down we quote what others wrote.

use super::{
    help::{Help, HelpNote, TestAll},
    key::{comment_id, comment_text},
};
use crate::{
    facts::{CommentId, HeadSha, Login, RepoName},
    text::query_escaped,
};
use std::fmt::Write as _;

/// Something to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What.
    pub kind: ReplyKind,
    /// In answer to which comment; `None`: to nobody's.
    pub answers: Option<Answered>,
    /// The page that explains the commands.
    pub commands_url: String,
}

/// The comment that a reply answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Which one.
    pub comment: CommentId,
    /// Who wrote it.
    pub author: Login,
    /// The link to it.
    pub url: String,
    /// What it said.
    pub said: String,
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyKind {
    /// To an author whom we do not trust: how the change gets tested.
    Welcome(Welcome),
    /// The same where `/ok-to-test` has no effect.
    WelcomeWithoutOkToTest {
        /// Who opened the pull request.
        author: Option<Login>,
    },
    /// Drafts are not tested by themselves.
    Draft,
    /// The commenter cannot start tests here; a member can, with `/ok-to-test`.
    RefusedUntrusted {
        /// Whose members can.
        organizations: Vec<Login>,
    },
    /// The commenter cannot start tests here, and `/ok-to-test` has no effect.
    RefusedWithoutOkToTest,
    /// The commenter may not take `/ok-to-test` back.
    RefusedCancel,
    /// The commands that there are.
    Help(Help),
    /// A command in an edited text is not carried out.
    Edited,
    /// For which head `ok-to-test` was given. There is one such note; it is rewritten.
    OkToTestBound {
        /// The head; `None`: one that is gone.
        head: Option<HeadSha>,
    },
}

/// What an outsider is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Who opened the pull request.
    pub author: Option<Login>,
    /// Where.
    pub repository: RepoName,
    /// Whose members can say `/ok-to-test`.
    pub organizations: Vec<Login>,
    /// Where to ask to join.
    pub join_url: String,
    /// The highlighted invitation for somebody who comes often: the words for it, or ours.
    pub press_to_join: Option<Option<String>>,
    /// GitHub's pages.
    pub web: String,
}

/// The hidden first line of a reply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyMark {
    /// The kind of reply.
    pub kind: String,
    /// The comment that it answers, or the head that it speaks of.
    pub about: Option<About>,
}

/// What a reply is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A comment.
    Comment(CommentId),
    /// A head.
    Head(HeadSha),
}

impl ReplyMark {
    /// Reads the first line of one of the bot's own comments.
    pub fn read(body: &str) -> Option<Self> {
        let line = body.lines().next()?.strip_prefix("<!-- bowsprit trigger/")?.strip_suffix(" -->")?;
        let (kind, about) = match line.split_once(' ') {
            None => (line, None),
            Some((kind, about)) => {
                let about = match about.strip_prefix("head/") {
                    Some(head) => About::Head(HeadSha::new(head)),
                    None => About::Comment(comment_id(about)?),
                };
                (kind, Some(about))
            }
        };
        Some(Self { kind: kind.to_owned(), about })
    }
}

impl ReplyMark {
    /// Whether a reply with this mark takes the place of one with the other: it is then rewritten, not added.
    pub fn replaces(&self, other: &Self) -> bool {
        let comment = |mark: &Self| match &mark.about {
            Some(About::Comment(comment)) => Some(*comment),
            Some(About::Head(_)) | None => None,
        };
        self.kind == other.kind && comment(self) == comment(other)
    }
}

impl std::fmt::Display for ReplyMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<!-- bowsprit trigger/{}", self.kind)?;
        match &self.about {
            Some(About::Comment(comment)) => write!(f, " {}", comment_text(*comment))?,
            Some(About::Head(head)) => write!(f, " head/{head}")?,
            None => {}
        }
        write!(f, " -->")
    }
}

impl ReplyKind {
    /// The stable name in the mark.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Welcome(_) | Self::WelcomeWithoutOkToTest { .. } => WELCOME,
            Self::Draft => DRAFT,
            Self::RefusedUntrusted { .. } | Self::RefusedWithoutOkToTest => "refused",
            Self::RefusedCancel => "refused-cancel",
            Self::Help(_) => HELP,
            Self::Edited => "edited",
            Self::OkToTestBound { .. } => OK_TO_TEST_BOUND,
        }
    }
}

/// Kind of the greeting.
pub(super) const WELCOME: &str = "welcome";
/// Kind of the note on a draft.
pub(super) const DRAFT: &str = "draft";
/// Kind of the lists of commands: what [`super::TriggerAction::PruneHelp`] deletes.
pub const HELP: &str = "help";
/// Kind of the note that binds `ok-to-test` to a head.
pub(super) const OK_TO_TEST_BOUND: &str = "ok-to-test";

impl Reply {
    /// Its hidden first line.
    pub fn mark(&self) -> ReplyMark {
        let about = match &self.kind {
            ReplyKind::OkToTestBound { head } => head.clone().map(About::Head),
            ReplyKind::Welcome(_)
            | ReplyKind::WelcomeWithoutOkToTest { .. }
            | ReplyKind::Draft
            | ReplyKind::RefusedUntrusted { .. }
            | ReplyKind::RefusedWithoutOkToTest
            | ReplyKind::RefusedCancel
            | ReplyKind::Help(_)
            | ReplyKind::Edited => self.answers.as_ref().map(|answered| About::Comment(answered.comment)),
        };
        ReplyMark { kind: self.kind.name().to_owned(), about }
    }

    /// The comment to write.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.mark());
        if let Some(answered) = &self.answers {
            let _ = write!(text, "@{}: ", answered.author);
        }
        text.push_str(&self.kind.message(&self.commands_url));
        text.push_str("\n\n<details>\n\n");
        if let Some(answered) = &self.answers {
            let _ = writeln!(text, "In answer to [this comment]({}):\n", answered.url);
            text.push_str(&quoted(&answered.said));
            text.push_str("\n\n");
        }
        let _ = write!(text, "[All commands]({}).\n</details>\n", self.commands_url);
        text
    }
}

/// As a quotation, cut where it is long: GitHub takes 65536 characters.
fn quoted(said: &str) -> String {
    const MOST: usize = 8000;
    let cut: String = said.chars().take(MOST).collect();
    let mut lines: Vec<String> = cut.lines().map(|line| format!(">{line}")).collect();
    if cut.len() < said.len() {
        lines.push(">...".to_owned());
    }
    lines.join("\n")
}

impl ReplyKind {
    fn message(&self, commands_url: &str) -> String {
        match self {
            Self::Welcome(welcome) => welcome.message(commands_url),
            Self::WelcomeWithoutOkToTest { author } => format!(
                "{}\n\nIn this repository only changes of trusted people are tested by themselves. A collaborator \
                 can start the tests of this one with the command `/test all`.",
                thanks(author.as_ref())
            ),
            Self::Draft => {
                "This pull request is a draft, so its tests do not start by themselves. The command \
                            `/test all` starts them all the same; marking it as ready for review does too."
                    .to_owned()
            }
            Self::RefusedUntrusted { organizations } => format!(
                "I cannot start tests for you yet. First a member of {} has to look at this change and comment \
                 `/ok-to-test` on a line of its own.",
                either(organizations.iter().map(ToString::to_string))
            ),
            Self::RefusedWithoutOkToTest => {
                "I cannot start tests for you. In this repository somebody who is \
                                             trusted has to start them, with `/test all`."
                    .to_owned()
            }
            Self::RefusedCancel => {
                "`/ok-to-test cancel` is for people who are trusted here themselves; nothing was changed."
                    .to_owned()
            }
            Self::Help(help) => help.message(),
            Self::Edited => {
                "this text was edited before I read it, so I did not carry out the commands in it. \
                             Please write them in a new comment."
                    .to_owned()
            }
            Self::OkToTestBound { head: None } => {
                "`ok-to-test` was given for an earlier commit. A member has to look \
                                                   again and comment `/ok-to-test`."
                    .to_owned()
            }
            Self::OkToTestBound { head: Some(head) } => format!(
                "`ok-to-test` holds for commit {head}. After another push a member has to look again and comment \
                 `/ok-to-test`."
            ),
        }
    }
}

fn thanks(author: Option<&Login>) -> String {
    author.map_or_else(
        || "Thank you for this change.".to_owned(),
        |author| format!("Hello @{author}, thank you for this change."),
    )
}

fn either(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(" or ")
}

impl Welcome {
    fn message(&self, commands_url: &str) -> String {
        let Self { author, repository, organizations, join_url, press_to_join, web } = self;
        let organizations =
            either(organizations.iter().map(|name| format!("[{name}]({web}/orgs/{name}/people)")));
        let mut text = thanks(author.as_ref());
        let _ = write!(
            text,
            "\n\nIts tests wait until a member of {organizations} has looked at it and comments `/ok-to-test` on a \
             line of its own. From then on they start by themselves after every push, and the label `ok-to-test` \
             says so. Members can also start tests by command before that.\n\n"
        );
        match press_to_join {
            Some(words) => {
                let ours = "You have contributed here before. [Ask to join]({join_org_url}), and your changes are \
                            tested at once.";
                let words = words.as_deref().unwrap_or(ours).replace("{join_org_url}", join_url);
                let _ = write!(text, "> [!TIP]\n{}\n\n", quoted_words(&words));
            }
            None => {
                let _ = write!(
                    text,
                    "If you contribute more often, you can [ask to join]({join_url}): changes of members are \
                     tested at once.\n\n"
                );
            }
        }
        let repository = query_escaped(&repository.to_string());
        let _ =
            write!(text, "The commands for this repository are [here]({commands_url}?repo={repository}).");
        text
    }
}

fn quoted_words(words: &str) -> String {
    words.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

impl Help {
    fn message(&self) -> String {
        let (note, required, optional, test_all) = match self {
            Self::NoJobs { repository, branch } => {
                return format!("there are no tests for {repository} on branch `{branch}`.");
            }
            Self::Commands { note, required, optional, test_all } => (*note, required, optional, test_all),
        };
        let mut text = match note {
            HelpNote::Asked => "these are the tests of this pull request.",
            HelpNote::NoTarget => "`/test` needs to be told what to test.",
            HelpNote::RetestWithTarget => {
                "`/retest` takes no target: it repeats what failed. To start one test, use its own command."
            }
            HelpNote::NothingAutomatic => "nothing here runs with `/test all`.",
            HelpNote::TargetUnknown => "no test of this pull request has that name.",
        }
        .to_owned();
        for (title, commands) in [("Required", required), ("Optional", optional)] {
            if !commands.is_empty() {
                let _ = write!(text, "\n\n{title}:\n\n```\n{}\n```", commands.join("\n"));
            }
        }
        match test_all {
            TestAll::Everything => text.push_str("\n\n`/test all` starts all of them."),
            TestAll::Only(names) if names.is_empty() => {}
            TestAll::Only(names) => {
                let _ = write!(text, "\n\n`/test all` starts these now:\n\n```\n{}\n```", names.join("\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answered() -> Answered {
        Answered {
            comment: CommentId::Comment(7),
            author: Login::new("robin"),
            url: "https://github.com/acme/widgets/pull/41#issuecomment-7".into(),
            said: "Let us see.\r\n\r\n/test ?".into(),
        }
    }

    fn reply(kind: ReplyKind, answers: Option<Answered>) -> Reply {
        Reply { kind, answers, commands_url: "https://ci.example.org/commands".into() }
    }

    fn welcome() -> Welcome {
        Welcome {
            author: Some(Login::new("kim")),
            repository: RepoName::new("acme", "widgets"),
            organizations: vec![Login::new("acme"), Login::new("acme-friends")],
            join_url: "https://acme.example/join".into(),
            press_to_join: None,
            web: "https://github.com".into(),
        }
    }

    fn help(note: HelpNote, test_all: TestAll) -> ReplyKind {
        ReplyKind::Help(Help::Commands {
            note,
            required: vec!["/test lint".into(), "/test unit".into()],
            optional: vec!["/test slow".into()],
            test_all,
        })
    }

    #[test]
    fn every_reply_reads_well() {
        let only = TestAll::Only(vec!["lint".into(), "unit".into()]);
        let none = || TestAll::Only(vec![]);
        let pressed = Welcome { press_to_join: Some(None), ..welcome() };
        let no_jobs = Help::NoJobs { repository: RepoName::new("acme", "widgets"), branch: "dev".into() };
        let organizations = vec![Login::new("acme")];
        let author = Some(Login::new("kim"));
        for (name, kind, answers) in [
            ("welcome", ReplyKind::Welcome(welcome()), false),
            ("welcome-pressed-to-join", ReplyKind::Welcome(pressed), false),
            ("welcome-without-ok-to-test", ReplyKind::WelcomeWithoutOkToTest { author }, false),
            ("draft", ReplyKind::Draft, false),
            ("ok-to-test-bound", ReplyKind::OkToTestBound { head: Some(HeadSha::new("9f3c2d1")) }, false),
            ("ok-to-test-outdated", ReplyKind::OkToTestBound { head: None }, false),
            ("refused", ReplyKind::RefusedUntrusted { organizations }, true),
            ("refused-without-ok-to-test", ReplyKind::RefusedWithoutOkToTest, true),
            ("refused-cancel", ReplyKind::RefusedCancel, true),
            ("edited", ReplyKind::Edited, true),
            ("help", help(HelpNote::Asked, TestAll::Everything), true),
            ("help-for-no-target", help(HelpNote::NoTarget, only.clone()), true),
            ("help-for-retest-with-target", help(HelpNote::RetestWithTarget, only.clone()), true),
            ("help-for-unknown-target", help(HelpNote::TargetUnknown, only), true),
            ("help-where-nothing-is-automatic", help(HelpNote::NothingAutomatic, none()), true),
            ("help-without-jobs", ReplyKind::Help(no_jobs), true),
        ] {
            let reply = reply(kind, answers.then(answered));
            insta::assert_snapshot!(name, reply.text());
        }
    }

    #[test]
    fn the_projects_own_words_press_to_join() {
        let words = Some(Some("Join: {join_org_url}\nPlease.".to_owned()));
        let kind = ReplyKind::Welcome(Welcome { press_to_join: words, ..welcome() });
        let text = reply(kind, None).text();
        assert!(text.contains("> [!TIP]\n> Join: https://acme.example/join\n> Please.\n"), "{text}");
    }

    #[test]
    fn a_reply_is_known_by_its_first_line() {
        let reply = reply(ReplyKind::RefusedCancel, Some(answered()));
        assert_eq!(ReplyMark::read(&reply.text()), Some(reply.mark()));
        let bound = ReplyKind::OkToTestBound { head: Some(HeadSha::new("9f3c2d1")) };
        let mark = super::tests::reply(bound, None).mark();
        assert_eq!(ReplyMark::read(&mark.to_string()), Some(mark));
    }

    #[test]
    fn a_mark_that_we_quote_is_none() {
        let forged = Answered { said: format!("{}\n", reply(ReplyKind::Draft, None).mark()), ..answered() };
        let text = reply(ReplyKind::RefusedCancel, Some(forged)).text();
        assert_eq!(ReplyMark::read(&text).map(|mark| mark.kind), Some("refused-cancel".into()));
        assert!(text.lines().skip(1).all(|line| ReplyMark::read(line).is_none()));
    }

    proptest! {
        #[test]
        fn no_reply_can_set_us_off_again_nor_grow_too_long(said in "(/test all\r?\n|\\PC|\n){0,40}", times in 1..2000_usize) {
            let answered = Answered { said: said.repeat(times), ..answered() };
            let text = reply(ReplyKind::RefusedCancel, Some(answered)).text();
            prop_assert!(text.lines().all(|line| !line.starts_with('/')));
            prop_assert!(text.chars().count() < 65536);
        }
    }
}
