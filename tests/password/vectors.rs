//! Public vectors: RFC 9106 section 5, and the strings of the reference implementation's own test.

use std::{env, fs, path::Path};

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use portcullis::password::{HashError, Verdict};
use serde::Deserialize;

use crate::support::{cheap, password, pool, stored};

#[derive(Deserialize)]
struct Vectors {
    rfc9106_section_5: Vec<Rfc>,
    phc_reference_test_c: Vec<Reference>,
}

#[derive(Deserialize)]
struct Rfc {
    r#type: String,
    version: u32,
    t_cost: u32,
    m_cost_kib: u32,
    parallelism: u32,
    tag_len: usize,
    password_hex: String,
    salt_hex: String,
    secret_hex: String,
    ad_hex: String,
    tag_hex: String,
}

#[derive(Deserialize)]
struct Reference {
    version: u32,
    m_cost_kib: u32,
    password: String,
    phc: String,
}

fn vectors() -> Vectors {
    let root = env::var("PORTCULLIS_VECTORS").expect("PORTCULLIS_VECTORS must name the folder of public test vectors");
    let file = Path::new(&root).join("argon2/argon2_vectors.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The three rows use a secret, which a pepper is, and associated data, which this crate has no setting for: they are asked
/// of the function beneath it.
#[test]
fn pw_7_pw_8_rfc_9106_vectors() {
    let rows = vectors().rfc9106_section_5;
    assert_eq!(rows.len(), 3);
    for row in rows {
        let params = ParamsBuilder::new()
            .m_cost(row.m_cost_kib)
            .t_cost(row.t_cost)
            .p_cost(row.parallelism)
            .data(AssociatedData::new(&bytes(&row.ad_hex)).unwrap())
            .output_len(row.tag_len)
            .build()
            .unwrap();
        let secret = bytes(&row.secret_hex);
        let version = Version::try_from(row.version).unwrap();
        let argon2 = Argon2::new_with_secret(&secret, Algorithm::new(&row.r#type).unwrap(), version, params).unwrap();
        let mut tag = vec![0; row.tag_len];
        argon2.hash_password_into(&bytes(&row.password_hex), &bytes(&row.salt_hex), &mut tag).unwrap();
        assert_eq!(tag, bytes(&row.tag_hex), "{}", row.r#type);
    }
}

#[tokio::test]
async fn pw_7_phc_reference_vectors() {
    let pool = pool(cheap(), 1, 8);
    let (mut matched_19, mut matched_16, mut too_costly) = (0, 0, 0);
    for row in vectors().phc_reference_test_c {
        let outcome = pool.verify(password(&row.password), Some(stored(&row.phc))).await;
        // The two rows of 1 GiB, one of each version, are beyond what any stored hash may cost.
        if row.m_cost_kib > 256 * 1024 {
            assert!(matches!(outcome, Err(HashError::TooCostly)), "{}", row.phc);
            too_costly += 1;
            continue;
        }
        assert_eq!(outcome.unwrap(), Verdict::Match { needs_rehash: true }, "{}", row.phc);
        let wrong = pool.verify(password("passwore"), Some(stored(&row.phc))).await.unwrap();
        assert_eq!(wrong, Verdict::NoMatch, "{}", row.phc);
        if row.version == 19 { matched_19 += 1 } else { matched_16 += 1 }
    }
    assert_eq!((matched_19, matched_16, too_costly), (16, 8, 2));
}
