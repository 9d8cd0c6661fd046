//! What Amazon's and Google's storage are asked, by a server that writes it down.

use api::decoration::GcsConfiguration;
use results::{Content, Credentials, Mode, Object, ObjectName, Put, Storage};
use std::{path::PathBuf, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Mutex,
};

/// Answers everything with this head, and keeps the requests.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                // All requests here are small, and end with their body.
                while !ends(&request) {
                    let length = stream.read(&mut buffer).await.unwrap();
                    request.extend_from_slice(&buffer[..length]);
                }
                seen.lock().await.push(String::from_utf8_lossy(&request).to_lowercase());
                let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, requests }
    }

    async fn only_request(&self) -> String {
        let requests = self.requests.lock().await;
        let [request] = requests.as_slice() else { panic!("{requests:#?}") };
        request.clone()
    }
}

fn ends(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

/// A file with credentials, in a folder that lives as long as the test.
fn credentials(folder: &tempfile::TempDir, content: &serde_json::Value) -> PathBuf {
    let path = folder.path().join("service-account.json");
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

fn pointer(mode: Mode) -> Object {
    let name = ObjectName::parse("pr-logs/directory/unit/9.txt").unwrap();
    let link = "gs://b/pr-logs/pull/x/7/unit/9";
    Object { name, content: Content::text(link), mode, link: Some(link.to_owned()) }
}

fn open(bucket: &str, credentials: &Credentials) -> Storage {
    let configuration = GcsConfiguration { bucket: bucket.to_owned(), ..GcsConfiguration::default() };
    Storage::open(&configuration, credentials).unwrap()
}

#[tokio::test]
async fn s3_is_asked_in_path_style_and_signed_with_the_key_of_prows_file() {
    let server = Server::start("200 OK\r\nETag: \"1\"").await;
    let folder = tempfile::tempdir().unwrap();
    let file = serde_json::json!({
        "region": "minio", "endpoint": format!("http://{}", server.address), "insecure": true,
        "s3_force_path_style": true, "access_key": "akey", "secret_key": "hunter2",
    });
    let storage =
        open("s3://bucket/team", &Credentials { s3_file: Some(credentials(&folder, &file)), gcs_file: None });
    storage.put(&pointer(Mode::Overwrite)).await.unwrap();
    let request = server.only_request().await;
    assert!(request.starts_with("put /bucket/team/pr-logs/directory/unit/9.txt "), "{request}");
    for header in ["content-type: text/plain; charset=utf-8", "x-amz-meta-link: gs://b/", "credential=akey/"]
    {
        assert!(request.contains(header), "{header} in {request}");
    }
    assert!(!request.contains("hunter2"));
}

#[tokio::test]
async fn google_is_asked_with_a_precondition_where_only_creating_is_wanted() {
    let server = Server::start("412 Precondition Failed").await;
    let folder = tempfile::tempdir().unwrap();
    let file = serde_json::json!({
        "private_key": "none", "private_key_id": "none", "client_email": "robot@acme.example",
        "disable_oauth": true, "gcs_base_url": format!("http://{}", server.address),
    });
    let storage = open("bucket", &Credentials { gcs_file: Some(credentials(&folder, &file)), s3_file: None });
    assert_eq!(storage.put(&pointer(Mode::CreateOnly)).await.unwrap(), Put::WasThere);
    let request = server.only_request().await;
    assert!(request.starts_with("put /bucket/pr%2dlogs%2fdirectory%2funit%2f9%2etxt "), "{request}");
    for header in [
        "content-type: text/plain; charset=utf-8",
        "x-goog-meta-link: gs://b/",
        "x-goog-if-generation-match: 0",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
}
