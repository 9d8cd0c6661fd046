//! Storage that fails as often as a test wants.

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use std::{fmt, sync::Mutex};
use tokio::time::Instant;

/// Storage in memory whose first puts of every object fail, and that remembers when each was tried.
#[derive(Debug)]
pub struct Failing {
    pub memory: InMemory,
    pub failures: usize,
    pub tries: Mutex<Vec<(String, Instant)>>,
}

impl Failing {
    pub fn times(failures: usize) -> Self {
        Self { memory: InMemory::new(), failures, tries: Mutex::new(Vec::new()) }
    }

    pub fn names_tried(&self) -> Vec<String> {
        self.tries.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    pub fn tries_of(&self, name: &str) -> Vec<Instant> {
        let tries = self.tries.lock().unwrap();
        tries.iter().filter(|(tried, _)| tried == name).map(|(_, at)| *at).collect()
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failing storage")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.tries.lock().unwrap().push((path.to_string(), Instant::now()));
        if self.tries_of(path.as_ref()).len() <= self.failures {
            return Err(object_store::Error::Generic { store: "failing", source: "busy".into() });
        }
        self.memory.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.memory.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.memory.get_opts(path, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.memory.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.memory.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.memory.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.memory.copy_opts(from, to, options).await
    }
}
