//! Why an expression is refused: what is wrong, at which character, and the likely fix.

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct InvalidRegex {
    expression: String,
    pub(super) fault: Fault,
}

impl InvalidRegex {
    pub(super) fn new(expression: &str, fault: Fault) -> Self {
        Self { expression: expression.to_owned(), fault }
    }

    /// The expression, for where no path tells which one is meant.
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

/// What is wrong. Positions count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(r"unclosed group at character {at}; did you mean '\('?")]
    UnclosedGroup { at: usize },
    #[error(r"closing bracket without an opening one at character {at}; did you mean '\)'?")]
    UnopenedGroup { at: usize },
    #[error(r"unclosed character class at character {at}; did you mean '\['?")]
    UnclosedClass { at: usize },
    #[error(r"nothing to repeat before '{mark}' at character {at}; did you mean '.{mark}' or '\{mark}'?")]
    NothingToRepeat { mark: String, at: usize },
    #[error("two repetitions in a row at character {at}: '{mark}'; put what is repeated twice in a group")]
    RepeatedRepetition { mark: String, at: usize },
    #[error("'{mark}' at character {at} repeats more than 1000 times, or at least more often than at most")]
    RepeatCount { mark: String, at: usize },
    #[error(
        "'{mark}' at character {at}: these expressions (RE2) have no look-around, no atomic groups and no comments"
    )]
    UnsupportedGroup { mark: String, at: usize },
    #[error(
        "'{mark}' at character {at} is not a group name: use letters, digits and '_', as in (?P<name>...)"
    )]
    GroupName { mark: String, at: usize },
    #[error("the group name {name:?} at character {at} stands twice")]
    RepeatedGroupName { name: String, at: usize },
    #[error("'{mark}' at character {at} refers back to a group, which these expressions (RE2) cannot do")]
    BackReference { mark: String, at: usize },
    #[error(r"'{mark}' at character {at} is not an escape; did you mean '\\{mark}'?")]
    Escape { mark: String, at: usize },
    #[error(r"the backslash at the end escapes nothing; did you mean '\\'?")]
    TrailingBackslash,
    #[error("the range '{mark}' at character {at} runs backwards")]
    BackwardRange { mark: String, at: usize },
    #[error("'{mark}' at character {at} is not a known class of characters")]
    UnknownClass { mark: String, at: usize },
    #[error("the expression is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the expression is too large once its repetitions are written out; repeat fewer times")]
    TooLarge,
    #[error("this expression cannot be carried over: {message}")]
    Untranslated { message: String },
}
