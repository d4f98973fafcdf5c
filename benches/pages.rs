//! What it costs to answer with a page, in process, with criterion: `cargo bench --bench pages`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may stop")]

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header::COOKIE},
};
use criterion::{Criterion, criterion_group, criterion_main};
use http_body_util::BodyExt;
use portcullis::{Portcullis, access::RoleName, config::Config, password::Argon2Params, session::Device};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery staple";

/// How many users the list of them shows.
const USERS: usize = 50;

struct House {
    runtime: Runtime,
    pages: Router,
    cookie: String,
    _folder: TempDir,
}

impl House {
    fn open() -> Self {
        // One thread: the time that passes is the time that is used.
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new("http://localhost:8400".parse().unwrap());
        config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
        let database = format!("sqlite:{}/pages.db", folder.path().display());
        let (pages, cookie) = runtime.block_on(async {
            let portcullis = Portcullis::builder().config(config).database(database).build().await.unwrap();
            let accounts = portcullis.accounts();
            for number in 0..USERS {
                let (name, email) = (format!("user-{number}"), format!("user-{number}@example.com"));
                let new = accounts.registration(&name, &email, PASSWORD, "").unwrap();
                accounts.register(new, &Device::default()).await.unwrap();
            }
            let admin = accounts.get_user_by_name_or_mail("user-0").await.unwrap().unwrap().user.id;
            let role = RoleName::parse("admin").unwrap();
            accounts.set_user_roles(admin, vec![role], &Device::default()).await.unwrap();
            let pages = portcullis.pages();
            let form = Request::post("/login").header("sec-fetch-site", "same-origin");
            let form = form.header("content-type", "application/x-www-form-urlencoded");
            let body = format!("name=user-0&password={}", PASSWORD.replace(' ', "+"));
            let answer = pages.clone().oneshot(from_here(form.body(Body::from(body)).unwrap())).await.unwrap();
            let cookies = answer.headers().get_all("set-cookie");
            let cookie = cookies.iter().find_map(|cookie| cookie.to_str().unwrap().split(';').next());
            (pages, cookie.unwrap().to_owned())
        });
        Self { runtime, pages, cookie, _folder: folder }
    }

    fn get(&self, path: &str) -> usize {
        let request = Request::get(path).header(COOKIE, &self.cookie).body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let answer = self.pages.clone().oneshot(from_here(request)).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            answer.into_body().collect().await.unwrap().to_bytes().len()
        })
    }
}

fn from_here(mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
    request
}

fn pages(criterion: &mut Criterion) {
    let house = House::open();
    for path in ["/register", "/forgot-password", "/account", "/account/admin/users"] {
        criterion.bench_function(path, |bench| bench.iter(|| house.get(path)));
    }
}

criterion_group!(benches, pages);
criterion_main!(benches);
