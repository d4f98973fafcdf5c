//! The program, started and stopped.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long to wait for what must come before the test gives up. No test is quicker for it.
const PATIENCE: Duration = Duration::from_mins(2);

/// The program with nothing of this process's own settings, in this folder.
pub fn portcullis(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let ours =
        std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"PORTCULLIS_"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    // Where many tests share few cores, their logins would wait for all of them.
    command.env("PORTCULLIS_HASH_NICENESS", "0").env_remove("RUST_LOG").current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the program to its end with this on its standard input.
pub fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = portcullis(folder);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses its settings does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    lines: mpsc::Receiver<String>,
    log: String,
}

impl Server {
    /// Starts it in this folder, on a free port, and waits until it listens.
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_with(portcullis(folder).args(flags))
    }

    pub fn start_with(command: &mut Command) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), lines, log: String::new() };
        let line = server.wait_for("listening on http://");
        let address = line.split("listening on http://").nth(1).unwrap().split('"').next().unwrap();
        server.address = address.parse().unwrap();
        server
    }

    /// Waits for a line of the log with this in it.
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?} in the log:\n{}", self.log));
            self.log = format!("{}{line}\n", self.log);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// A line of the log with this in it that may have been there already.
    pub fn told(&mut self, text: &str) -> String {
        let known = self.log.lines().find(|line| line.contains(text)).map(str::to_owned);
        known.unwrap_or_else(|| self.wait_for(text))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.pid())).status().unwrap();
        assert!(kill.success());
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself; then its exit status and everything it logged.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let rest: Vec<_> = std::iter::from_fn(|| self.lines.recv_timeout(PATIENCE).ok()).collect();
        let log = std::mem::take(&mut self.log) + &rest.join("\n");
        (self.child.wait().unwrap(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
