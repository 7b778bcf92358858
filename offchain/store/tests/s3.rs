//! Blobs in a store that speaks S3: s3rver, which `scripts/setup` installs.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use openledger_primitives::{hashing, ContentId};
use openledger_store::{BlobStore, Error};
use tempfile::TempDir;

/// A server with one bucket, `blobs`, which ends with this.
struct Server {
    process: Child,
    address: String,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/js/node_modules");
        let program = packages.join(".bin/s3rver");
        assert!(program.exists(), "there is no s3rver: scripts/setup installs it");
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("node")
            .arg(program)
            .args(["--address", "127.0.0.1", "--port", "0", "--configure-bucket", "blobs"])
            .arg("--directory")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let said =
            output.find_map(|line| Some(line.unwrap().split_once("listening on ")?.1.to_string()));
        let address = format!("http://{}", said.unwrap());
        // What it logs is not to fill the pipe.
        std::thread::spawn(move || output.for_each(drop));
        Self { process, address, folder }
    }

    /// The file of a blob under the prefix of the test.
    fn file(&self, id: &ContentId) -> PathBuf {
        let digits = hex::encode(id);
        let folder = self.folder.path().join("blobs/of/the-test");
        folder.join(&digits[..2]).join(&digits[2..4]).join(format!("{digits}._S3rver_object"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn store_should_keep_blobs_in_a_bucket_and_verify_them() {
    let server = Server::start();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", server.address.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "S3RVER"),
        ("AWS_SECRET_ACCESS_KEY", "S3RVER"),
    ] {
        std::env::set_var(name, value);
    }
    let store = BlobStore::open("s3://blobs/of/the-test").unwrap();
    let id = store.put("bytes").await.unwrap();
    assert_eq!(id, hashing::content_id(b"bytes"));
    assert_eq!(store.get(&id, 5).await.unwrap(), "bytes");
    assert_eq!(store.size(&id).await.unwrap(), Some(5));
    assert_eq!(std::fs::read(server.file(&id)).unwrap(), b"bytes");
    assert!(matches!(store.get(&id, 4).await, Err(Error::TooLong { found: 5, .. })));
    std::fs::write(server.file(&id), "other").unwrap();
    assert!(matches!(store.get(&id, 5).await, Err(Error::Corrupt { .. })));

    let nowhere = ContentId::repeat_byte(1);
    assert_eq!(store.size(&nowhere).await.unwrap(), None);
    assert!(matches!(store.get(&nowhere, 5).await, Err(Error::NotFound { .. })));

    // More than one request takes.
    let files = tempfile::tempdir().unwrap();
    let (source, copy) = (files.path().join("source"), files.path().join("copy"));
    let bytes: Vec<u8> = (0..20_000_003_u32).map(|place| (place % 251) as u8).collect();
    std::fs::write(&source, &bytes).unwrap();
    let (id, length) = store.put_file(&source).await.unwrap();
    assert_eq!((id, length), (hashing::content_id(&bytes), 20_000_003));
    assert_eq!(store.get_file(&id, length, &copy).await.unwrap(), length);
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);

    std::env::set_var("AWS_ACCESS_KEY_ID", "STRANGER");
    let stranger = BlobStore::open("s3://blobs/of/the-test").unwrap();
    let refused = stranger.put("more").await;
    assert!(matches!(refused, Err(Error::Store { .. })), "{refused:?}");
}
