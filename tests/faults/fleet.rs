//! Nodes of one service, as an operator runs them.

use std::{
    env,
    fs::{self, OpenOptions},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{client::Half, post_office::PostOffice};

/// How long a node may take to start, or to find its feet again.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Fleet {
    pub post_office: PostOffice,
    folder: TempDir,
    /// The network that the nodes are in, if not in everyone's.
    network: Option<String>,
    flags: Vec<String>,
    nodes: Vec<Node>,
}

struct Node {
    child: Mutex<Child>,
    /// Where it listens, or did until it was killed: clients of a node that is down are refused, and ask another one.
    address: Mutex<SocketAddr>,
}

impl Fleet {
    pub fn start(count: usize, flags: &[&str]) -> Self {
        Self::start_in(None, count, flags)
    }

    pub fn start_in(network: Option<&str>, count: usize, flags: &[&str]) -> Self {
        let (folder, post_office) = (tempfile::tempdir().unwrap(), PostOffice::open());
        let mail = format!("smtp://{}?tls=insecure_off", post_office.address(network.is_some()));
        let data = folder.path().join("data");
        let own =
            ["--mail-url", &mail, "--data-dir", data.to_str().unwrap(), "--insecure-no-limits", "--hash-threads", "1"];
        let flags = own.iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        let network = network.map(str::to_owned);
        let mut fleet = Self { post_office, folder, network, flags, nodes: Vec::new() };
        for number in 0..count {
            let (child, address) = fleet.launch(number);
            fleet.nodes.push(Node { child: Mutex::new(child), address: Mutex::new(address) });
        }
        fleet
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn address(&self, number: usize) -> SocketAddr {
        *self.nodes[number].address.lock().unwrap()
    }

    /// Ends a node as a power cut does, and starts it again.
    pub fn kill_and_start(&self, number: usize) {
        let mut child = self.nodes[number].child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let (again, address) = self.launch(number);
        *child = again;
        *self.nodes[number].address.lock().unwrap() = address;
    }

    /// Waits until every node says of itself that it is ready. Nobody helps them.
    pub fn is_healthy(&self) -> bool {
        let start = Instant::now();
        let ready = |number: usize| {
            let asked = Half::begin(self.address(number), "GET", "/readyz", &[]);
            asked.and_then(|asked| asked.finish("")).is_ok_and(|answer| answer.status == 200)
        };
        while !(0..self.len()).all(ready) {
            if start.elapsed() > PATIENCE {
                return false;
            }
            thread::sleep(Duration::from_millis(200));
        }
        true
    }

    /// Everything that the nodes have logged.
    pub fn logs(&self) -> String {
        (0..self.len()).map(|number| fs::read_to_string(self.log(number)).unwrap()).collect()
    }

    fn log(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("node-{number}.log"))
    }

    /// Starts a node, as often as it gives up on a database that is gone, and waits until it listens.
    fn launch(&self, number: usize) -> (Child, SocketAddr) {
        let start = Instant::now();
        loop {
            let log = OpenOptions::new().create(true).append(true).open(self.log(number)).unwrap();
            let before = usize::try_from(log.metadata().unwrap().len()).unwrap();
            let mut child = self.command().stderr(log).spawn().unwrap();
            loop {
                let log = fs::read_to_string(self.log(number)).unwrap();
                if let Some(line) = log[before..].split("listening on http://").nth(1) {
                    let address = line.split(['"', '\n']).next().unwrap().trim();
                    return (child, address.parse().unwrap());
                }
                assert!(start.elapsed() < PATIENCE, "node {number} does not start:\n{log}");
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The program in the network of the nodes, with nothing of this process's own settings.
    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_portcullis");
        let (mut command, host) = match &self.network {
            Some(network) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", network, program]);
                (command, env::var("PORTCULLIS_FAULT_ADDRESS").unwrap())
            }
            None => (Command::new(program), "127.0.0.1".to_owned()),
        };
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("PORTCULLIS_")) {
            command.env_remove(name);
        }
        command.args(&self.flags).args(["--listen", &format!("{host}:0")]).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for node in &self.nodes {
            let mut child = node.child.lock().unwrap();
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
