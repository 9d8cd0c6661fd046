//! Object ids of git, one type for each role: a head, a base and a tested tree cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! sha {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as it was observed; git's own checks are not repeated here.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The full id.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first seven characters, as people write it.
            pub fn short(&self) -> &str {
                self.0.get(..7).unwrap_or(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sha!(
    /// The commit at the head of a pull request.
    HeadSha
);
sha!(
    /// The commit at the tip of the branch that pull requests merge into.
    BaseSha
);
sha!(
    /// A commit in any other role.
    CommitSha
);
sha!(
    /// The content of a commit: what was tested, whatever commit carries it.
    TreeSha
);
