//! The data key and the signing keys.

use portcullis::{secret::Sealed, store::StoredKey};

use crate::{both, db::TestDb, fixture::*};

both! { the_first_data_key_offered_stays, the_first_signing_key_offered_stays }

async fn the_first_data_key_offered_stays(db: TestDb) {
    let sealed = |byte| Sealed::from_stored(vec![byte; 60]);
    assert_eq!(db.store.data_key(&sealed(0), NOW).await.unwrap(), sealed(0));
    assert_eq!(db.store.data_key(&sealed(1), NOW).await.unwrap(), sealed(0));
    assert_eq!(db.another().await.data_key(&sealed(2), NOW).await.unwrap(), sealed(0));
}

async fn the_first_signing_key_offered_stays(db: TestDb) {
    let key = |kid: &str| StoredKey {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        sealed: Sealed::from_stored(kid.as_bytes().to_vec()),
        created_at: NOW,
    };
    assert_eq!(db.store.signing_keys(&key("first")).await.unwrap(), [key("first")]);
    assert_eq!(db.store.signing_keys(&key("second")).await.unwrap(), [key("first")]);
    assert_eq!(db.another().await.signing_keys(&key("third")).await.unwrap(), [key("first")]);
}
