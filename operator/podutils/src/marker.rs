//! Marker files: through them the entrypoint tells the sidecar, and the next entrypoint, with which code a process ended.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

/// The wrapped process could not be run, or ran out of time.
pub(crate) const INTERNAL_ERROR: i32 = 127;
/// The run was asked to stop.
pub(crate) const ABORTED: i32 = 130;
/// Not run, because the process before failed. Not a failure of its own.
pub(crate) const PREVIOUS_FAILED: i32 = 1130;

/// Writes the code so that nobody ever reads half of it.
pub(crate) fn write(path: &Path, code: i32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".marker-")
        // The sidecar may run as another user.
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    write!(file, "{code}")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// The code in a marker; `None` while there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<i32>> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no exit code", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written_and_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/marker-file.txt");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, PREVIOUS_FAILED).unwrap();
        assert_eq!(read(&path).unwrap(), Some(PREVIOUS_FAILED));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        std::fs::write(&path, "soon").unwrap();
        assert!(read(&path).is_err());
    }
}
