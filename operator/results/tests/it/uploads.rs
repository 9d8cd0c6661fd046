//! What is stored, under which names, when.

use crate::failing::Failing;
use api::decoration::GcsConfiguration;
use object_store::memory::InMemory;
use results::{
    Content, Credentials, Mode, NotStored, Object, ObjectName, Provider, Put, Rules, Storage, Upload, upload,
};
use std::{io::Read as _, sync::Arc, time::Duration};

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn text(at: &str, content: &str) -> Object {
    Object::new(name(at), Content::text(content))
}

fn memory(configuration: &GcsConfiguration) -> Storage {
    Storage::over(Arc::new(InMemory::new()), Provider::Gs, "", Rules::new(configuration))
}

async fn content(storage: &Storage, at: &str) -> Option<String> {
    let object = storage.get(&name(at), usize::MAX).await.unwrap()?;
    Some(String::from_utf8(object.content.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_object_is_tried_four_times_with_growing_pauses() {
    let failing = Arc::new(Failing::times(3));
    let storage = Storage::over(failing.clone(), Provider::Gs, "", Rules::default());
    let put = storage.put(&text("logs/a", "x")).await.unwrap();
    assert_eq!(put, Put::Stored(name("logs/a")));
    let tries = failing.tries_of("logs/a");
    let pauses: Vec<Duration> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [1, 4, 9].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_refused_four_times_is_told() {
    let storage = Storage::over(Arc::new(Failing::times(4)), Provider::Gs, "", Rules::default());
    let mut all = Upload::default();
    all.item(text("logs/a", "x"));
    all.last(text("logs/finished.json", "{}"));
    let outcome = upload(&storage, &all).await;
    assert_eq!((outcome.stored, outcome.failed.len()), (0, 2));
    let told = outcome.complete().unwrap_err().to_string();
    assert!(told.starts_with("2 of 2 objects are not stored; the first: logs/a"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_result_appears_after_every_artifact_even_where_one_is_tried_again() {
    let failing = Arc::new(Failing::times(2));
    let storage = Storage::over(failing.clone(), Provider::Gs, "", Rules::default());
    let mut all = Upload::default();
    all.last(text("run/finished.json", "{}"));
    for at in 0..9 {
        all.item(text(&format!("run/artifacts/{at}"), "x"));
    }
    assert_eq!(upload(&storage, &all).await.stored, 10);
    let names = failing.names_tried();
    assert_eq!(names.len(), 3 * 10);
    assert!(names[3 * 9..].iter().all(|name| name == "run/finished.json"), "{names:?}");
}

#[tokio::test]
async fn of_two_files_for_one_object_the_first_is_stored_and_missing_files_are_skipped() {
    let storage = memory(&GcsConfiguration::default());
    let mut all = Upload::default();
    all.item(text("run/a", "first"));
    all.item(text("run/a", "second"));
    all.item(Object::new(name("run/b"), Content::File("/does/not/exist".into())));
    let outcome = upload(&storage, &all).await;
    assert_eq!((outcome.stored, outcome.skipped, outcome.failed.len()), (1, 1, 0));
    assert_eq!(content(&storage, "run/a").await.as_deref(), Some("first"));
}

#[tokio::test(start_paused = true)]
async fn content_that_cannot_be_read_is_not_tried_again() {
    let storage = memory(&GcsConfiguration::default());
    let unreadable = Content::Read(Arc::new(|| Err(std::io::Error::other("locked"))));
    let before = tokio::time::Instant::now();
    let error = storage.put(&Object::new(name("run/a"), unreadable)).await.unwrap_err();
    assert!(matches!(error, NotStored::Read { .. }));
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn creating_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = format!("file://{}", folder.path().display());
    let in_folder =
        Storage::open(&GcsConfiguration { bucket, ..GcsConfiguration::default() }, &Credentials::default());
    for storage in [memory(&GcsConfiguration::default()), in_folder.unwrap()] {
        let only_new = |text_: &str| Object { mode: Mode::CreateOnly, ..text("a/b", text_) };
        assert_eq!(storage.put(&only_new("first")).await.unwrap(), Put::Stored(name("a/b")));
        assert_eq!(storage.put(&only_new("second")).await.unwrap(), Put::WasThere);
        assert_eq!(content(&storage, "a/b").await.as_deref(), Some("first"));
        storage.put(&text("a/b", "third")).await.unwrap();
        assert_eq!(content(&storage, "a/b").await.as_deref(), Some("third"));
    }
}

#[tokio::test]
async fn compressed_files_are_read_back_as_they_were() {
    let compress =
        GcsConfiguration { compress_file_types: Some(vec!["txt".to_owned()]), ..GcsConfiguration::default() };
    let storage = memory(&compress);
    let long = "a line of a log\n".repeat(1000);
    storage.put(&text("run/build-log.txt", &long)).await.unwrap();
    let stored = storage.get(&name("run/build-log.txt"), usize::MAX).await.unwrap().unwrap();
    assert_eq!(stored.content, long.as_bytes());
    assert_eq!(stored.content_type.as_deref(), Some("text/plain; charset=utf-8"));
    let listing = storage.list(&name("run")).await.unwrap();
    assert!(listing.objects[0].1 < 1000, "{listing:?}");
    let start = storage.get(&name("run/build-log.txt"), 6).await.unwrap().unwrap();
    assert_eq!((&start.content[..], start.cut), (&b"a line"[..], true));
}

#[tokio::test]
async fn large_files_are_stored_in_parts_and_empty_ones_are_stored_too() {
    let storage = memory(&GcsConfiguration::default());
    let large = Content::Read(Arc::new(|| Ok(Box::new(std::io::repeat(b'x').take(20 << 20)))));
    storage.put(&Object::new(name("large"), large)).await.unwrap();
    storage.put(&text("empty", "")).await.unwrap();
    assert_eq!(storage.get_range(&name("large"), 20 << 20..(20 << 20) + 1).await.ok(), None);
    assert_eq!(storage.get_range(&name("large"), (20 << 20) - 1..20 << 20).await.unwrap().unwrap(), "x");
    assert_eq!(content(&storage, "empty").await.as_deref(), Some(""));
    assert_eq!(content(&storage, "absent").await, None);
}

#[tokio::test]
async fn a_folder_keeps_names_and_bytes_and_odd_names_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = GcsConfiguration {
        local_output_dir: folder.path().join("made/on/demand").display().to_string(),
        compress_file_types: Some(vec!["*".to_owned()]),
        ..GcsConfiguration::default()
    };
    let storage = Storage::open(&configuration, &Credentials::default()).unwrap();
    let long = "x".repeat(5000);
    for at in ["log.txt", "all.tar.gz", "artifacts/ü #1 [x].txt"] {
        storage.put(&text(at, &long)).await.unwrap();
        assert_eq!(content(&storage, at).await.as_deref(), Some(long.as_str()), "{at}");
    }
    let written = folder.path().join("made/on/demand/artifacts/ü %231 [x].txt");
    assert_eq!(std::fs::read_to_string(written).unwrap(), long);
    let listing = storage.list(&name("artifacts")).await.unwrap();
    assert_eq!(listing.objects, [("ü %231 [x].txt".to_owned(), 5000)]);
}

#[tokio::test]
async fn a_folder_in_a_bucket_is_part_of_every_name() {
    let store = Arc::new(InMemory::new());
    let inside = Storage::over(store.clone(), Provider::Gs, "/teams/a/", Rules::default());
    inside.put(&text("logs/x", "x")).await.unwrap();
    let outside = Storage::over(store, Provider::Gs, "", Rules::default());
    assert_eq!(content(&outside, "teams/a/logs/x").await.as_deref(), Some("x"));
}
