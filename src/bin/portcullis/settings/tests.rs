//! What is typed, and what it comes to.

use std::{io::Write, time::Duration};

use tempfile::NamedTempFile;

use super::*;

fn read(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, String> {
    let mut on_disk = NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let flags = flags.iter().map(|(key, text)| {
        let setting = table::setting(key).unwrap();
        Stated { setting, text: (*text).to_owned(), source: Source::Flag(setting.flag()) }
    });
    let read = Settings::read(Some(on_disk.path()), environment, flags.collect());
    read.map_err(|error| error.to_string().replace(on_disk.path().to_str().unwrap(), "file"))
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_the_file() {
    let file = "registration = 'closed'\nhash_threads = 1\nsession_max = '1d'";
    let settings =
        read(file, &[("PORTCULLIS_HASH_THREADS", "2"), ("PORTCULLIS_SESSION_MAX", "2d")], &[("session_max", "3d")]);
    let settings = settings.unwrap();
    assert_eq!(settings.config.registration.as_str(), "closed");
    assert_eq!(settings.config.hashing.threads.get(), 2);
    assert_eq!(settings.config.session_max, Duration::from_hours(72));
    assert!(settings.source_of("registration").to_string().ends_with(":1"));
    assert_eq!(settings.source_of("hash_threads").to_string(), "PORTCULLIS_HASH_THREADS");
    assert_eq!(settings.source_of("session_max").to_string(), "--session-max");
    assert_eq!(settings.source_of("listen").to_string(), "default");
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    let error = read("sesion_max = '1d'", &[("PORTCULLIS_LISTN", "x"), ("PORTCULLIS_ZZZ", "x")], &[]).unwrap_err();
    assert_eq!(
        error,
        "file:1: there is no setting `sesion_max`; did you mean `session_max`?\n\
         there is no setting behind the variable `PORTCULLIS_LISTN`; did you mean `PORTCULLIS_LISTEN`?\n\
         there is no setting behind the variable `PORTCULLIS_ZZZ`"
    );
    assert!(read("", &[("PORTCULLIS_VECTORS", "x"), ("PORTCULLIS_TEST_POSTGRES", "x"), ("OTHER", "x")], &[]).is_ok());
    let of_kubernetes = [("PORTCULLIS_PORT_8400_TCP", "x"), ("PORTCULLIS_SERVICE_HOST", "x")];
    assert!(read("", &of_kubernetes, &[]).is_ok());
}

#[test]
fn every_setting_says_where_it_is_wrong_and_what_would_be_right() {
    for (key, text, expected) in [
        ("listen", "8400", "an address and a port"),
        ("public_url", "id.example", "an origin"),
        ("data_dir", "", "the path of a folder"),
        ("database_url", "mysql://h/d", "must begin with `sqlite:`"),
        ("master_key_file", "", "the path of a file"),
        ("audience", "", "not be empty"),
        ("signing_algorithm", "none", "`ES256`"),
        ("access_token_ttl", "59s", "from 1m to 24h"),
        ("access_token_ttl", "25h", "from 1m to 24h"),
        ("access_token_ttl", "15", "such as 15m"),
        ("session_idle", "59s", "from 1m to 365d"),
        ("session_max", "366d", "from 1m to 365d"),
        ("remember_max", "a month", "from 1m to 365d"),
        ("admin_session_max", "", "from 1m to 365d"),
        ("session_cap", "0", "from 1 to 10000"),
        ("argon2", "m=8,t=1,p=1", "at least m=19456,t=2,p=1"),
        ("hash_threads", "0", "from 1 to 1024"),
        ("hash_queue", "-1", "from 1 to 65536"),
        ("hash_niceness", "20", "from 0 to 19"),
        ("brand.logo", "/nowhere.png", "a .svg, .png, .webp or .jpg file"),
        ("brand.color", "red", "a colour, such as #1f5fa8"),
        ("brand.footer", "a\nb", "1 to 200 characters"),
        ("next_origins", "https://a.example/x", "must list origins"),
        ("cors_origins", "*", "must list origins"),
        ("password_preset", "weak", "`default`, `nist` or `composition`"),
        ("password_min_length", "7", "from 8 to 128"),
        ("breach_file", "/nowhere", "the path of a file"),
        ("pepper_file", "/nowhere", "with the mode 0600"),
        ("registration", "maybe", "`open`, `closed` or `approval`"),
        ("second_factor", "some", "`optional`, `admins` or `all`"),
        ("metrics_listen", "9400", "an address and a port"),
        ("event_retention", "23h", "in days from 1d on"),
        ("event_retention", "36h", "in days from 1d on"),
        ("membership_levels", "reader,reader", "the lowest first"),
        ("membership_levels", "", "the lowest first"),
        ("resources", "https://notes.example", "such as notes=https://notes.example"),
        ("resources", "notes=https://", "such as notes=https://notes.example"),
        ("totp_window", "2", "`0` or `1`"),
        ("stale_revocations", "maybe", "`allow` or `refuse`"),
        ("trusted_proxies", "10.0.0.0/8, proxy", "addresses or networks"),
        ("site_name", "a\nb", "on one line"),
        ("mail_url", "mail.example", "`smtp://user:password@host`"),
        ("mail_from", "nobody", "an address"),
        ("links.verify", "https://app.example/verify", "`{token}` once"),
        ("links.reset", "{token}", "http or https URL"),
        ("links.confirm", "https://{token}", "behind the name of the host"),
        ("links.undo", "https://a.example/{token}{token}", "`{token}` once"),
        ("insecure_http", "yes", "`true` or `false`"),
        ("insecure_no_limits", "1", "`true` or `false`"),
    ] {
        let variable = table::setting(key).unwrap().variable();
        let error = read("", &[(&variable, text)], &[]).unwrap_err();
        let begin = format!("{variable}: `{key}` must ");
        assert!(error.starts_with(&begin) && error.contains(expected), "{error}");
        assert!(error.ends_with(&format!(", not `{text}`")), "{error}");
    }
}

#[test]
fn a_stated_length_replaces_the_presets_own_wherever_it_is_stated() {
    let of = |file: &str| read(file, &[], &[]).unwrap().config.password_policy;
    assert_eq!(of("password_preset = 'nist'").min_length(), 15);
    for file in
        ["password_preset = 'nist'\npassword_min_length = 20", "password_min_length = 20\npassword_preset = 'nist'"]
    {
        assert_eq!((of(file).min_length(), of(file).preset().as_str()), (20, "nist"));
    }
}

#[test]
fn resources_are_names_and_urls() {
    let file = "resources = ['notes=https://notes.example/api?a=b', 'wiki = http://wiki.example']";
    let settings = read(file, &[], &[]).unwrap();
    assert_eq!(settings.config.resources["notes"], "https://notes.example/api?a=b");
    assert_eq!(settings.config.resources["wiki"], "http://wiki.example");
    let shown = "notes=https://notes.example/api?a=b,wiki=http://wiki.example";
    assert_eq!((table::setting("resources").unwrap().show)(&settings), shown);
    assert!(read("resources = []", &[], &[]).unwrap().config.resources.is_empty());
}

#[test]
fn pw_8_a_file_of_peppers_is_read_and_only_its_path_is_shown() {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "k1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    let path = file.path().to_str().unwrap();
    let settings = read("", &[], &[("pepper_file", path)]).unwrap();
    assert_eq!((table::setting("pepper_file").unwrap().show)(&settings), path);
    assert!(format!("{settings:?}").contains("Pepper(k1)") && !format!("{settings:?}").contains("MDEy"));
    writeln!(file.reopen().unwrap(), "k1 twice").unwrap();
    let told = read("", &[], &[("pepper_file", path)]).unwrap_err();
    assert!(told.contains("pepper_file") && !told.contains("twice"), "{told}");
}

#[test]
fn a_file_of_breached_passwords_is_opened_at_once() {
    let mut list = NamedTempFile::new().unwrap();
    writeln!(list, "{}:1", "0".repeat(40)).unwrap();
    let path = list.path().to_str().unwrap();
    let settings = read("", &[], &[("breach_file", path)]).unwrap();
    assert_eq!((table::setting("breach_file").unwrap().show)(&settings), path);
    writeln!(list.reopen().unwrap(), "password").unwrap();
    assert!(read("", &[], &[("breach_file", path)]).unwrap_err().contains("`SHA-1:COUNT`"));
}

#[test]
fn a_broken_file_is_named_with_its_line_and_not_quoted() {
    let error = read("registration = 'open'\ndatabase_url = \"postgres://u:secret@h/d", &[], &[]).unwrap_err();
    assert!(error.starts_with("file:2: ") && !error.contains("secret"), "{error}");
    let error = read("listen = [1]\n[links]\nhash_threads = 2.5", &[], &[]).unwrap_err();
    assert!(error.contains("file:1: `listen` must be a string"), "{error}");
    assert!(error.contains("file:3: there is no setting `links.hash_threads`"), "{error}");
    let missing = Settings::read(Some("/nowhere/portcullis.toml".as_ref()), [], Vec::new()).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/portcullis.toml"));
}

#[test]
fn a_password_in_a_url_is_never_shown() {
    let settings = read("database_url = 'postgres://u:secret@h/d'", &[], &[]).unwrap();
    assert_eq!((table::setting("database_url").unwrap().show)(&settings), "postgres://u:***@h/d");
    let error = read("database_url = 'mysql://u:secret@h/d'\npublic_url = 'https://u:secret@h'", &[], &[]).unwrap_err();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn mail_settings_say_what_is_meant() {
    let file = "site_name = 'Notes'\nmail_url = 'smtps://me:secret@mail.example?ca=/nowhere.pem'\n\
                mail_from = 'Notes <no-reply@notes.example>'\n[links]\nreset = 'https://app.example/#/reset/{token}'";
    let error = read(file, &[], &[]).unwrap_err();
    assert!(error.starts_with("file:2: mail_url: the certificates in /nowhere.pem cannot be read"), "{error}");
    assert!(!error.contains("secret"));
    let settings =
        read(&file.replace("?ca=/nowhere.pem", ""), &[("PORTCULLIS_LINKS_UNDO", "https://a.example/{token}")], &[]);
    let settings = settings.unwrap();
    let show = |key| (table::setting(key).unwrap().show)(&settings);
    assert_eq!(show("mail_url"), "smtps://me:***@mail.example:465");
    assert_eq!(show("mail_from"), "Notes <no-reply@notes.example>");
    assert_eq!(
        (show("links.reset"), show("links.verify")),
        ("https://app.example/#/reset/{token}".into(), String::new())
    );
    assert_eq!(show("links.undo"), "https://a.example/{token}");
    assert_eq!(show("site_name"), "Notes");
    let defaults = Settings::defaults().unwrap();
    assert_eq!((table::setting("mail_url").unwrap().show)(&defaults), "file:./portcullis-data/mail");
    assert_eq!((table::setting("mail_from").unwrap().show)(&defaults), "portcullis@localhost");
}

#[test]
fn a_broken_template_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mail")).unwrap();
    std::fs::write(folder.path().join("mail/mail.txt"), "{{ greeting }}\n{{ nonsense }}\n{{ link }}\n").unwrap();
    let error = read("", &[("PORTCULLIS_TEMPLATES_DIR", folder.path().to_str().unwrap())], &[]).unwrap_err();
    assert!(error.contains("mail/mail.txt, line 2: "), "{error}");
}

#[test]
fn plain_http_stays_on_this_machine_unless_told_otherwise() {
    let beyond = ("listen", "0.0.0.0:8400");
    assert!(read("", &[], &[beyond]).unwrap_err().contains("insecure_http"));
    assert!(read("", &[], &[beyond, ("insecure_http", "true")]).is_ok());
    assert!(read("", &[], &[beyond, ("public_url", "https://id.example")]).is_ok());
    assert!(read("", &[], &[("listen", "[::1]:8400")]).is_ok());
}

#[test]
fn a_session_outlives_its_tokens() {
    for key in ["session_idle", "session_max", "remember_max", "admin_session_max"] {
        let error = read(&format!("{key} = '10m'"), &[], &[]).unwrap_err();
        assert_eq!(error, format!("file:1: `{key}` must not be shorter than `access_token_ttl`"));
    }
}

#[test]
fn what_is_shown_can_be_typed() {
    let typed = [
        ("trusted_proxies", "10.0.0.0/8,::1/128"),
        ("session_max", "30d"),
        ("public_url", "https://id.example"),
        ("next_origins", "https://a.example,http://localhost:3000"),
        ("cors_origins", "https://app.example,http://localhost:5173"),
        ("brand.color", "#ffdd00"),
        ("brand.footer", "Run by us"),
    ];
    let settings = read("", &[], &typed).unwrap();
    let shown: Vec<_> = SETTINGS.iter().map(|setting| (setting.key, (setting.show)(&settings))).collect();
    let shown: Vec<_> = shown.iter().map(|(key, text)| (*key, text.as_str())).collect();
    let again = read("", &[], &shown).unwrap();
    assert!(SETTINGS.iter().all(|setting| (setting.show)(&again) == (setting.show)(&settings)));
    assert_eq!(settings.config.audience, "https://id.example");
}

#[test]
fn a_list_is_a_list_in_the_file() {
    let settings = read("trusted_proxies = ['10.0.0.0/8', '::1']\nhash_queue = 1_000", &[], &[]);
    let settings = settings.unwrap();
    assert_eq!(settings.config.trusted_proxies.len(), 2);
    assert_eq!(settings.config.hashing.queue_per_thread.get(), 1000);
    assert_eq!(settings.database_url(), "sqlite:./portcullis-data/portcullis.db");
}
