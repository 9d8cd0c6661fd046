//! Reading back: one object, a part of one, or what a folder holds.

use crate::{form::is_gzip, name::ObjectName, storage::Storage};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use object_store::{Attribute, GetResult, ObjectStore as _, ObjectStoreExt as _};
use std::{io::Read as _, ops::Range};

/// An object as it was before it was compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The content.
    pub content: Bytes,
    /// The media type; a folder keeps none.
    pub content_type: Option<String>,
    /// When it was last written.
    pub written: Option<Timestamp>,
    /// Whether there was more than was asked for.
    pub cut: bool,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of the folders in it, without their path, in order.
    pub folders: Vec<String>,
    /// Names of the objects in it, without their path, and their sizes in bytes, in order.
    pub objects: Vec<(String, u64)>,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {source}")]
pub struct ReadError {
    /// What was asked for.
    pub name: ObjectName,
    /// Why.
    pub source: object_store::Error,
}

impl Storage {
    /// The first `most` bytes of an object; `None` where there is none. What was compressed is unpacked.
    pub async fn get(&self, name: &ObjectName, most: usize) -> Result<Option<StoredObject>, ReadError> {
        let refused = |source| ReadError { name: name.clone(), source };
        let path = self.path(name.as_str()).map_err(|error| refused(error.into()))?;
        let found = match self.store.get(&path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        let attribute = |key| found.attributes.get(&key).map(|value| value.as_ref().to_owned());
        let content_type = attribute(Attribute::ContentType);
        let encoded = attribute(Attribute::ContentEncoding).as_deref() == Some("gzip");
        let written = Timestamp::from_second(found.meta.last_modified.timestamp()).ok();
        let raw = start(found, most).await.map_err(refused)?;
        // Google unpacks on its way out where a reader does not say that it takes gzip.
        let (content, cut) = if encoded && is_gzip(&raw) {
            unpack(&raw, most).map_err(|error| {
                refused(object_store::Error::Generic { store: "gzip", source: Box::new(error) })
            })?
        } else {
            (raw.slice(..raw.len().min(most)), raw.len() > most)
        };
        Ok(Some(StoredObject { content, content_type, written, cut }))
    }

    /// Some bytes of an object as they lie in storage, for the end of a log; `None` where there is no such object.
    pub async fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Option<Bytes>, ReadError> {
        let refused = |source| ReadError { name: name.clone(), source };
        let path = self.path(name.as_str()).map_err(|error| refused(error.into()))?;
        match self.store.get_range(&path, range).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    /// What a folder holds; a folder that is not there holds nothing.
    pub async fn list(&self, folder: &ObjectName) -> Result<Listing, ReadError> {
        let refused = |source| ReadError { name: folder.clone(), source };
        let path = self.path(folder.as_str()).map_err(|error| refused(error.into()))?;
        let found = self.store.list_with_delimiter(Some(&path)).await.map_err(refused)?;
        let last = |path: &object_store::path::Path| path.filename().unwrap_or_default().to_owned();
        let mut listing = Listing {
            folders: found.common_prefixes.iter().map(last).collect(),
            objects: found.objects.iter().map(|object| (last(&object.location), object.size)).collect(),
        };
        listing.folders.sort();
        listing.objects.sort();
        Ok(listing)
    }
}

/// The start of what is stored: more than `most` bytes of it, where there is more, and not much more.
async fn start(found: GetResult, most: usize) -> object_store::Result<Bytes> {
    // What hardly compresses is a little longer when packed.
    let enough = most.saturating_add(most / 1000).saturating_add(1024);
    let mut pieces = found.into_stream();
    let mut raw = BytesMut::new();
    while let Some(piece) = pieces.try_next().await? {
        raw.extend_from_slice(&piece);
        if raw.len() > enough {
            break;
        }
    }
    Ok(raw.freeze())
}

/// At most this much, so that a small object cannot fill the memory.
fn unpack(packed: &[u8], most: usize) -> std::io::Result<(Bytes, bool)> {
    let mut content = Vec::new();
    MultiGzDecoder::new(packed).take((most as u64).saturating_add(1)).read_to_end(&mut content)?;
    let cut = content.len() > most;
    content.truncate(most);
    Ok((Bytes::from(content), cut))
}
