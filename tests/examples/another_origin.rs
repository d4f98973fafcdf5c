//! A front end on another origin than the server's, in a browser.

use serde_json::json;
use tempfile::tempdir;

use crate::{Example, client::register, devtools::Browser, process::Server};

/// Logs in and asks who that is; what it could not do it tells.
const JOURNEY: &str = "async (server) => {
    try {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({ name: 'ada', password: 'correct horse battery staple' });
        const login = await fetch(server + '/auth/login', { method: 'POST', headers, body });
        const { access_token } = await login.json();
        const me = await fetch(server + '/auth/me', { headers: { authorization: `Bearer ${access_token}` } });
        const refused = await fetch(server + '/auth/me');
        return [(await me.json()).username, refused.headers.get('www-authenticate').split(' ')[0]].join(' ');
    } catch (error) {
        return error.name;
    }
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_elsewhere_calls_the_server_where_its_origin_is_stated() {
    let (folder, open, shut) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let page = Example::with_accounts(folder.path());
    let origin = format!("http://localhost:{}", page.address.port());
    let open = Server::start(open.path(), &["--cors-origins", &origin]);
    let shut = Server::start(shut.path(), &["--cors-origins", "https://app.example"]);
    let mut browser = Browser::open(&origin).await;
    for (server, expected) in [(&open, "ada Bearer"), (&shut, "TypeError")] {
        assert_eq!(register(server.address, "ada", "correct horse battery staple").status, 201);
        let said = browser.evaluate(&format!("({JOURNEY})('http://{}')", server.address)).await;
        assert_eq!(said, Ok(json!(expected)));
    }
}
