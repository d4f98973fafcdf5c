//! A plain service behind a real nginx, which is configured as the documentation says and asks the server.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    client::{post, register, send},
    process::Server,
};

const PASSWORD: &str = "correct horse battery staple";

/// The names by which the service knows who a request is from, as a client would forge them.
const FORGED: &str = "Remote-User: root\r\nRemote-Name: root\r\nRemote-Email: root@example.com\r\n\
    Remote-Groups: admin\r\nX-Auth-Scopes: users:write\r\nRemote_User: root\r\n";

struct Nginx {
    child: Child,
    socket: PathBuf,
}

impl Nginx {
    /// nginx on a socket in this folder, with the server block of the documentation.
    fn start(folder: &Path, verify: SocketAddr, service: SocketAddr) -> Self {
        let page = include_str!("../../src/http/forward_auth.md");
        let block = page.split("```nginx").nth(1).unwrap().split("```").next().unwrap();
        let socket = folder.join("nginx.sock");
        let block = block
            .replace("listen 8080;", &format!("listen unix:{};", socket.display()))
            .replace("http://127.0.0.1:8400", &format!("http://{verify}"))
            .replace("http://127.0.0.1:9000", &format!("http://{service}"));
        let folder = folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path {folder}/{kind};\n")).concat();
        let all = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{}}\nhttp {{ access_log off;\n{temporary}{block}}}\n"
        );
        let file = format!("{folder}/nginx.conf");
        fs::write(&file, all).unwrap();
        let child = Command::new("nginx")
            .args(["-c", &file, "-p", &folder.to_string(), "-e", &format!("{folder}/error.log")])
            .stderr(Stdio::null())
            .spawn()
            .expect("there is no nginx in PATH to test with: install it (Debian: nginx)");
        let nginx = Self { child, socket };
        while UnixStream::connect(&nginx.socket).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        nginx
    }

    /// The whole answer to a request with these further headers.
    fn ask(&self, first: &str, headers: &str) -> String {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let request = format!("{first} HTTP/1.1\r\nHost: notes.example\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service that knows nothing of tokens and answers with the head of the request.
fn service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            let lines = stream.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let head = lines.collect::<Vec<_>>().join("\n").to_lowercase();
            let answer = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len());
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    address
}

fn said_of_the_user(answer: &str) -> Vec<&str> {
    let told = |line: &&str| line.starts_with("remote") || line.starts_with("x-auth-scopes");
    let mut lines: Vec<_> = answer.lines().filter(told).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn nginx_lets_pass_whom_the_server_knows_and_says_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let body = json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD, "name": "Ada Lövelace"});
    assert_eq!(post(server.address, "/auth/register", &body).status, 201);
    let login = post(server.address, "/auth/login", &json!({"name": "ada", "password": PASSWORD})).json();
    let bearer = format!("Authorization: Bearer {}\r\n", login["access_token"].as_str().unwrap());
    let nginx = Nginx::start(folder.path(), server.address, service());

    for (asked, next) in [
        ("/notes?page=2", "/notes?page=2"),
        ("/notes?page=2&by=name", "/notes?page=2%26by=name"),
        ("/notes?a&b&c&d", "/notes"),
        ("/caf%C3%A9?page=2", "/"),
    ] {
        let anonymous = nginx.ask(&format!("GET {asked}"), FORGED);
        assert!(anonymous.starts_with("HTTP/1.1 302 "), "{anonymous}");
        assert!(anonymous.contains(&format!("Location: /login?next={next}\r\n")), "{anonymous}");
    }

    let hers = ["remote-name: ada l%c3%b6velace", "remote-user: ada"];
    for headers in [bearer.clone(), format!("{bearer}{FORGED}")] {
        let known = nginx.ask("GET /notes", &headers);
        assert!(known.starts_with("HTTP/1.1 200 ") && known.contains("get /notes "), "{known}");
        assert_eq!(said_of_the_user(&known), hers, "{known}");
    }
    let sent = nginx.ask("POST /notes", &format!("{bearer}Content-Length: 0\r\n"));
    assert!(sent.starts_with("HTTP/1.1 200 ") && sent.contains("post /notes "), "{sent}");
    let both = nginx.ask("GET /notes", &format!("{bearer}X-API-Key: pc_x\r\n"));
    assert!(!both.starts_with("HTTP/1.1 200 "), "{both}");

    let internal = nginx.ask("GET /_verify", &bearer);
    assert!(internal.starts_with("HTTP/1.1 404 "), "{internal}");
    drop(server);
    let down = nginx.ask("GET /notes", &bearer);
    assert!(down.starts_with("HTTP/1.1 503 ") && down.contains("Retry-After: 1"), "{down}");
}

#[test]
fn cs_3_nginx_lets_a_cookie_pass_for_pages_of_the_site_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--trusted-proxies", "127.0.0.1"]);
    assert_eq!(register(server.address, "ada", PASSWORD).status, 201);
    let form = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", &form.len().to_string()),
        ("sec-fetch-site", "same-origin"),
    ];
    let logged_in = send(server.address, "POST", "/login", &headers, &form);
    assert_eq!(logged_in.status, 303, "{logged_in:?}");
    let cookie = logged_in.header("set-cookie").unwrap().split(';').next().unwrap();
    assert!(cookie.starts_with("portcullis="), "{cookie}");
    let cookie = format!("Cookie: {cookie}\r\n");
    let nginx = Nginx::start(folder.path(), server.address, service());

    // Its own paths are on the same host, and it guards them itself.
    let account = nginx.ask("GET /auth/me", &cookie);
    assert!(account.starts_with("HTTP/1.1 200 ") && account.contains(r#""username":"ada""#), "{account}");

    let read = nginx.ask("GET /notes", &format!("{cookie}{FORGED}Sec-Fetch-Site: cross-site\r\n"));
    assert!(read.starts_with("HTTP/1.1 200 "), "{read}");
    assert_eq!(said_of_the_user(&read), ["remote-user: ada"], "{read}");
    for (from, status) in [
        ("Sec-Fetch-Site: same-origin\r\n", "200"),
        ("Origin: http://localhost:8400\r\n", "200"),
        ("Sec-Fetch-Site: cross-site\r\n", "403"),
        ("Origin: https://evil.example\r\n", "403"),
        ("", "403"),
        // The proxy states the method, and nobody else.
        ("X-Forwarded-Method: GET\r\n", "403"),
        ("X-Original-Method: GET\r\n", "403"),
    ] {
        let sent = nginx.ask("POST /notes", &format!("{cookie}{from}Content-Length: 0\r\n"));
        assert!(sent.starts_with(&format!("HTTP/1.1 {status} ")), "{from}{sent}");
    }
    let ended = nginx.ask("GET /notes", "Cookie: portcullis=pcs_made-up\r\n");
    assert!(ended.starts_with("HTTP/1.1 302 "), "{ended}");
}
