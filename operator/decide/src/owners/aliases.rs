//! OWNERS_ALIASES: names for groups of people. An alias inside an alias is a login like any other.

use super::file::{kind, texts, yaml};
use crate::{
    config::{Problem, Severity},
    facts::Login,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Groups by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    groups: BTreeMap<Login, BTreeSet<Login>>,
}

impl Aliases {
    /// Reads an aliases file. One alias that cannot be read does not stop the others.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Problem>) {
        let problem = |message: String| Problem { path: path.to_owned(), message, severity: Severity::Error };
        let document = match yaml(text) {
            Ok(document) => document,
            Err(message) => return (Self::default(), vec![problem(message)]),
        };
        let mut aliases = Self::default();
        let groups = match document
            .as_object()
            .and_then(|top| top.iter().find(|(k, _)| k.eq_ignore_ascii_case("aliases")))
        {
            None | Some((_, Value::Null)) => return (aliases, Vec::new()),
            Some((_, Value::Object(groups))) => groups,
            Some((_, other)) => {
                let message = format!("aliases: expected a map from names to people, found {}", kind(other));
                return (aliases, vec![problem(message)]);
            }
        };
        let mut problems = Vec::new();
        for (name, members) in groups {
            match members_of(name, members) {
                Ok(members) => {
                    aliases.groups.insert(normal(name), members);
                }
                Err(why) => problems.push(problem(format!("aliases.{why}"))),
            }
        }
        (aliases, problems)
    }

    /// Replaces every alias by its members, once.
    pub fn expand(&self, names: &BTreeSet<Login>) -> BTreeSet<Login> {
        let mut people = BTreeSet::new();
        for name in names {
            match self.groups.get(name) {
                Some(members) => people.extend(members.iter().cloned()),
                None => {
                    people.insert(name.clone());
                }
            }
        }
        people
    }

    /// The groups by name.
    pub fn groups(&self) -> &BTreeMap<Login, BTreeSet<Login>> {
        &self.groups
    }
}

/// A list, or a map whose keys are the members, as `{robin, kim}` reads.
fn members_of(name: &str, members: &Value) -> Result<BTreeSet<Login>, String> {
    match members {
        Value::Object(members) => Ok(members.keys().map(|member| normal(member)).collect()),
        other => Ok(texts(name, other)?.map(normal).collect()),
    }
}

fn normal(name: &str) -> Login {
    Login::new(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(people: &BTreeSet<Login>) -> Vec<&str> {
        people.iter().map(Login::as_str).collect()
    }

    #[test]
    fn an_alias_is_expanded_once() {
        let (aliases, problems) = Aliases::parse("A", "aliases:\n  Team: [tom, lead]\n  lead: [lee]\n");
        assert!(problems.is_empty());
        let people = aliases.expand(&[Login::new("@team"), Login::new("kim"), Login::new("lead")].into());
        assert_eq!(names(&people), ["kim", "lead", "lee", "tom"]);
    }

    #[test]
    fn a_broken_alias_does_not_stop_the_others() {
        let (aliases, problems) = Aliases::parse("A", "aliases:\n  a: robin\n  b: {kim, lee}\n  c:\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(names(&aliases.expand(&[Login::new("b"), Login::new("c")].into())), ["kim", "lee"]);
    }
}
