//! A program in another language, asked many questions at once.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    PyJwt,
    Joserfc,
    Jose,
    #[cfg(feature = "accounts")]
    PyOtp,
    #[cfg(all(feature = "webauthn", feature = "sqlite"))]
    SoftWebauthn,
}

impl Peer {
    /// The answers to these questions, in their order. One that the peer cannot or will not answer has an `error`.
    pub(crate) fn ask(self, questions: &[Value]) -> Vec<Value> {
        let mut process = self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{self:?} cannot be started ({error}): scripts/test installs it, or `scripts/peers target/peers`")
        });
        process.stdin.take().unwrap().write_all(serde_json::to_string(questions).unwrap().as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{self:?} failed");
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answers.len(), questions.len());
        answers
    }

    pub(crate) fn ask_one(self, question: Value) -> Value {
        self.ask(&[question]).remove(0)
    }

    fn command(self) -> Command {
        let (program, script) = match self {
            Self::PyJwt => ("python/bin/python", "pyjwt.py"),
            Self::Joserfc => ("python/bin/python", "joserfc.py"),
            Self::Jose => ("node", "jose.mjs"),
            #[cfg(feature = "accounts")]
            Self::PyOtp => ("python/bin/python", "otp.py"),
            #[cfg(all(feature = "webauthn", feature = "sqlite"))]
            Self::SoftWebauthn => ("webauthn/bin/python", "webauthn.py"),
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
        if self == Self::Jose {
            let mut command = Command::new(program);
            command.arg(script).arg(installed().join("node"));
            return command;
        }
        let mut command = Command::new(installed().join(program));
        // Isolated, or a script that is named after a module would be taken for it; and without the warnings of joserfc about
        // algorithms that it would rather see go.
        command.args(["-I", "-W", "ignore"]).arg(script);
        command
    }
}

/// Where `scripts/peers` has installed them.
fn installed() -> PathBuf {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
    env::var_os("PORTCULLIS_PEERS").map_or_else(beside, PathBuf::from)
}
