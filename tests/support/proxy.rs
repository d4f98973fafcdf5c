//! A proxy between a node and PostgreSQL, which can be cut, can swallow everything as a broken network does, and can be slow.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{
    env,
    net::SocketAddr,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    time::sleep,
};

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It arrives.
    Whole,
    /// It arrives, each piece of it so much later.
    Slow(Duration),
    /// It does not arrive, and nobody is told: neither on old connections nor on new ones.
    Silent,
    /// Every connection is closed, old and new.
    Gone,
}

pub struct Proxy {
    address: SocketAddr,
    network: watch::Sender<Network>,
    server: watch::Sender<PgConnectOptions>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    /// In front of the server that tests run on.
    pub async fn start() -> Self {
        Self::before(&env::var("PORTCULLIS_TEST_POSTGRES").unwrap()).await
    }

    /// In front of the server of this URL.
    pub async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, of_new) = watch::channel(Network::Whole);
        let (server, current) = watch::channel(PgConnectOptions::from_str(url).unwrap());
        let open = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&open);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (mut network, counter, server) = (of_new.clone(), Arc::clone(&counter), current.clone());
                tokio::spawn(async move {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let mut gone = network.clone();
                    tokio::select! {
                        _ = gone.wait_for(|network| *network == Network::Gone) => (),
                        () = serve(client, &mut network, &server) => (),
                    }
                    counter.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, network, server, open }
    }

    /// Leads whoever comes from now on to the server of this URL.
    pub fn lead_to(&self, url: &str) {
        self.server.send_replace(PgConnectOptions::from_str(url).unwrap());
    }

    /// The URL of this database through the proxy.
    pub fn url_of(&self, url: &str, parameters: &str) -> String {
        let database = PgConnectOptions::from_str(url).unwrap();
        let (user, name) = (database.get_username(), database.get_database().unwrap());
        let address = self.address;
        format!("postgres://{user}@{address}/{name}?sslmode=disable{parameters}")
    }

    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// One that cannot be reached is one that has gone.
async fn serve(client: TcpStream, network: &mut watch::Receiver<Network>, server: &watch::Receiver<PgConnectOptions>) {
    if network.wait_for(|network| *network != Network::Silent).await.is_err() {
        return;
    }
    let server = server.borrow().clone();
    if let Some(folder) = server.get_socket() {
        let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
        if let Ok(server) = UnixStream::connect(path).await {
            join(client, server, network).await;
        }
    } else if let Ok(server) = TcpStream::connect((server.get_host(), server.get_port())).await {
        join(client, server, network).await;
    }
}

async fn join(client: TcpStream, server: impl AsyncRead + AsyncWrite, network: &watch::Receiver<Network>) {
    client.set_nodelay(true).unwrap();
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::select! {
        () = pass(from_client, to_server, network.clone()) => (),
        () = pass(from_server, to_client, network.clone()) => (),
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut network: watch::Receiver<Network>,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else { return };
        let now = network.wait_for(|network| *network != Network::Silent).await.map(|network| *network);
        match now {
            Ok(Network::Slow(by)) => sleep(by).await,
            Ok(_) => (),
            Err(_) => return,
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
