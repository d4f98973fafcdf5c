//! `portcullis openapi`

use serde_json::Value;
use tempfile::tempdir;

use crate::{
    client::get,
    process::{Server, run},
};

#[test]
fn the_document_is_the_one_that_a_server_has() {
    let (folder, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let served = get(Server::start(folder.path(), &[]).address, "/openapi.json").json();
    assert!(served["paths"]["/auth/login"]["post"].is_object(), "{served}");
    for arguments in [&["openapi"][..], &["openapi", "--json"]] {
        let printed = run(elsewhere.path(), arguments, "");
        assert_eq!(printed.status.code(), Some(0));
        assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).unwrap(), served);
    }
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0, "it takes no database");
}
