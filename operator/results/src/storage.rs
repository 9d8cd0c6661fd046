//! One bucket (or folder), and storing one object in it: attributes, compression, large files in parts, tries.

use crate::{
    form::{Encoding, Form, Rules, form},
    name::ObjectName,
    source::{Content, Source},
};
use bytes::Bytes;
use decide::report::storage_path::Provider;
use flate2::{Compression, read::GzEncoder};
use object_store::{
    Attribute, Attributes, MultipartUpload as _, ObjectStore, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions, path::Path,
};
use std::{
    borrow::Cow,
    io::{self, Cursor, Read as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Enough of a file to choose its form.
const HEAD: usize = 4096;
/// Bytes of one part of a large object, and so what a worker holds in memory. Amazon's least is 5 MiB.
const PART: usize = 8 << 20;
/// Pauses between the tries of one object.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(9)];

/// A bucket, or a folder in its place.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) provider: Provider,
    /// The folder in the bucket that all names start from; empty is its root.
    pub(crate) root: String,
    pub(crate) rules: Rules,
}

/// Whether an object that is there is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced.
    Overwrite,
    /// It stays as it is.
    CreateOnly,
}

/// What is stored, and where.
#[derive(Clone, Debug)]
pub struct Object {
    /// The name that was asked for; the form may shorten it.
    pub name: ObjectName,
    /// The content.
    pub content: Content,
    /// Whether an object that is there is replaced.
    pub mode: Mode,
    /// Where readers of a pointer file are sent, as metadata `link`.
    pub link: Option<String>,
}

impl Object {
    /// An object that replaces what is there.
    pub fn new(name: ObjectName, content: Content) -> Self {
        Self { name, content, mode: Mode::Overwrite, link: None }
    }
}

/// How storing ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is stored under this name.
    Stored(ObjectName),
    /// Another was there before, and only creating was asked for.
    WasThere,
    /// Its file does not exist.
    Missing(PathBuf),
}

/// Why an object is not stored.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// The content cannot be read here; trying again would not help.
    #[error("{name} cannot be read: {source}")]
    Read {
        /// The object.
        name: ObjectName,
        /// Why.
        source: io::Error,
    },
    /// Storage refused it, each time that it was tried.
    #[error("{name} is refused by storage: {source}; check the bucket's name and the credentials' rights")]
    Refused {
        /// The object.
        name: ObjectName,
        /// Why.
        source: object_store::Error,
    },
}

enum Failed {
    Read(io::Error),
    Store(object_store::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<object_store::Error> for Failed {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

impl Storage {
    /// A storage over an object store, in the folder `root` of it (empty: none).
    pub fn over(store: Arc<dyn ObjectStore>, provider: Provider, root: &str, rules: Rules) -> Self {
        Self { store, provider, root: root.trim_matches('/').to_owned(), rules }
    }

    /// Where an object lies in the store.
    pub(crate) fn path(&self, name: &str) -> Result<Path, object_store::path::Error> {
        if self.root.is_empty() { Path::parse(name) } else { Path::parse(format!("{}/{name}", self.root)) }
    }

    /// Stores one object: 4 tries, with pauses of 1, 4 and 9 seconds.
    pub async fn put(&self, object: &Object) -> Result<Put, NotStored> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let name = object.name.clone();
            match (self.try_put(object).await, &object.content) {
                (Ok(put), _) => return Ok(put),
                (Err(Failed::Read(error)), Content::File(path))
                    if error.kind() == io::ErrorKind::NotFound =>
                {
                    return Ok(Put::Missing(path.clone()));
                }
                (Err(Failed::Read(source)), _) => return Err(NotStored::Read { name, source }),
                (Err(Failed::Store(source)), _) => {
                    let Some(pause) = pauses.next() else { return Err(NotStored::Refused { name, source }) };
                    tracing::warn!(object = %name, error = %source, ?pause, "not stored, trying again");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn try_put(&self, object: &Object) -> Result<Put, Failed> {
        let (source, head) = Source::open(&object.content).await?.piece(HEAD).await?;
        let form = self.form(object, &head);
        let name = object.name.with_last(&form.last_name);
        let path = self.path(name.as_str()).map_err(object_store::Error::from)?;
        let whole = Cursor::new(head).chain(source.into_reader());
        let source = match form.encoding {
            Encoding::Plain | Encoding::AlreadyGzip => Source::over(Box::new(whole)),
            Encoding::Gzip => Source::over(Box::new(GzEncoder::new(whole, Compression::default()))),
        };
        let (source, first) = source.piece(PART).await?;
        let attributes = self.attributes(&form, object.link.as_deref());
        if first.len() == PART && object.mode == Mode::Overwrite {
            self.put_parts(&path, attributes, first, source).await?;
            return Ok(Put::Stored(name));
        }
        let (_, rest) = source.piece(usize::MAX).await?;
        let payload = [first, rest].into_iter().collect();
        let created = match object.mode {
            Mode::Overwrite => {
                let options = PutOptions { attributes, ..PutOptions::default() };
                self.store.put_opts(&path, payload, options).await.map(|_| true)
            }
            Mode::CreateOnly => self.create(&path, payload, attributes).await,
        };
        Ok(if created? { Put::Stored(name) } else { Put::WasThere })
    }

    /// Creates an object; `false`: it was there. Where storage cannot promise this in one step, it is looked for first.
    async fn create(
        &self,
        path: &Path,
        payload: object_store::PutPayload,
        attributes: Attributes,
    ) -> object_store::Result<bool> {
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.store.put_opts(path, payload.clone(), options.clone()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(false)
            }
            Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => {
                match self.store.head(path).await {
                    Ok(_) => Ok(false),
                    Err(object_store::Error::NotFound { .. }) => {
                        let options = PutOptions { mode: PutMode::Overwrite, ..options };
                        self.store.put_opts(path, payload, options).await.map(|_| true)
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn put_parts(
        &self,
        path: &Path,
        attributes: Attributes,
        first: Bytes,
        mut source: Source,
    ) -> Result<(), Failed> {
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let mut upload = self.store.put_multipart_opts(path, options).await?;
        let mut part = first;
        let sent = loop {
            if let Err(error) = upload.put_part(part.into()).await {
                break Err(Failed::Store(error));
            }
            match source.piece(PART).await {
                Err(error) => break Err(Failed::Read(error)),
                Ok((_, next)) if next.is_empty() => break Ok(()),
                Ok((rest, next)) => (source, part) = (rest, next),
            }
        };
        match sent {
            Ok(()) => {
                upload.complete().await?;
                Ok(())
            }
            Err(failed) => {
                // What was sent so far costs money until it is given up; the failure itself is what is told.
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%path, %error, "the parts that were sent stay behind");
                }
                Err(failed)
            }
        }
    }

    /// A folder keeps no attributes, so there a file keeps its name and its bytes.
    fn form(&self, object: &Object, head: &[u8]) -> Form {
        match self.provider {
            Provider::Gs | Provider::S3 => form(object.name.last(), head, &self.rules),
            Provider::File => Form {
                last_name: object.name.last().to_owned(),
                content_type: String::new(),
                encoding: Encoding::Plain,
            },
        }
    }

    fn attributes(&self, form: &Form, link: Option<&str>) -> Attributes {
        let mut attributes = Attributes::new();
        match self.provider {
            Provider::File => return attributes,
            Provider::Gs | Provider::S3 => {}
        }
        attributes.insert(Attribute::ContentType, form.content_type.clone().into());
        if let Some(encoding) = form.encoding.header() {
            attributes.insert(Attribute::ContentEncoding, encoding.into());
        }
        if let Some(link) = link {
            attributes.insert(Attribute::Metadata(Cow::Borrowed("link")), link.to_owned().into());
        }
        attributes
    }
}
