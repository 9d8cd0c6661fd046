//! What an image would start: images are not pulled, their programs are on this machine.

use std::collections::BTreeMap;

/// Programs by image name. An image that is not listed has no program of its own: its containers need a command.
#[derive(Clone, Debug, Default)]
pub struct Images {
    entrypoints: BTreeMap<String, Vec<String>>,
}

impl Images {
    /// No image has a program.
    pub fn new() -> Self {
        Self::default()
    }

    /// The image starts this program (`[program, argument, ...]`), to which a container's arguments are added.
    #[must_use]
    pub fn with(
        mut self,
        image: impl Into<String>,
        entrypoint: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.entrypoints.insert(image.into(), entrypoint.into_iter().map(Into::into).collect());
        self
    }

    /// What a container runs: its command, else its image's program; then its arguments. `None`: there is nothing to
    /// run, which a real kubelet would find when it starts the container.
    pub fn command_line(&self, image: &str, command: &[String], arguments: &[String]) -> Option<Vec<String>> {
        let program = if command.is_empty() { self.entrypoints.get(image)?.as_slice() } else { command };
        Some(program.iter().chain(arguments).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_command_replaces_the_images_program_and_arguments_are_added_to_either() {
        let images = Images::new().with("clonerefs", ["/bin/podutils", "clonerefs"]);
        assert_eq!(
            images.command_line("clonerefs", &[], &words("--x")),
            Some(words("/bin/podutils clonerefs --x"))
        );
        assert_eq!(images.command_line("clonerefs", &words("sh"), &words("-c")), Some(words("sh -c")));
        assert_eq!(images.command_line("unknown", &[], &words("--x")), None);
    }
}
