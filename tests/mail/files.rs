//! Mails as files.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use portcullis::mail::{FileTransport, SendError, Transport};
use tempfile::tempdir;

use crate::support::{House, any_message};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn each_mail_is_a_file_that_its_owner_alone_can_read() {
    let home = tempdir().unwrap();
    let folder = home.path().join("a/mail");
    let transport = FileTransport::new(&folder);
    let message = any_message().await;
    transport.send(&message).await.unwrap();
    transport.send(&message).await.unwrap();
    assert_eq!(files(&folder), [message.file_name()], "and nothing half written beside it");
    let file = folder.join(message.file_name());
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    assert_eq!(fs::read(file).unwrap(), message.to_bytes());
}

#[tokio::test]
async fn names_sort_by_time() {
    let home = tempdir().unwrap();
    let house = House::sending_to(&format!("file:{}", home.path().display())).await;
    let mut posted = Vec::new();
    for number in 0..5 {
        posted.push(house.reset(&format!("user{number}@example.com")).await.simple().to_string());
        house.deliver_later().await;
    }
    let in_files: Vec<_> = files(home.path()).iter().map(|name| name.split('-').nth(1).unwrap().to_owned()).collect();
    assert_eq!(in_files, posted);
    assert!(files(home.path()).iter().all(|name| Path::new(name).extension().is_some_and(|end| end == "eml")));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_loses_no_mail() {
    let home = tempdir().unwrap();
    let folder = home.path().join("mail");
    fs::write(&folder, "a file in its place").unwrap();
    let sent = FileTransport::new(&folder).send(&any_message().await).await;
    assert!(matches!(&sent, Err(SendError::Temporary(said)) if said.contains(folder.to_str().unwrap())), "{sent:?}");

    let house = House::sending_to(&format!("file:{}", folder.display())).await;
    house.reset("ada@example.com").await;
    house.deliver().await;
    fs::remove_file(&folder).unwrap();
    house.deliver_later().await;
    assert_eq!(files(&folder).len(), 1);
}
