//! `portcullis healthcheck`

use std::{
    error::Error,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{print, settings::Settings};

/// How long the server has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that is read of an answer. Its first line is shorter.
const FIRST_LINE: u64 = 256;

/// Asks the server whether it is ready. The exit code tells it too.
pub(crate) async fn check(settings: &Settings, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let address = reachable(settings.listen);
    let asked = tokio::time::timeout(PATIENCE, status(address)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
    let is_ready = matches!(asked, Ok(200));
    let text = match &asked {
        Ok(200) => "ready".to_owned(),
        Ok(status) => format!("not ready: http://{address}/readyz answers {status}"),
        Err(error) => format!("not ready: http://{address}/readyz does not answer: {error}"),
    };
    print::result(json, &json!({ "ready": is_ready, "status": asked.ok() }), &text)?;
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where this machine reaches a server that listens there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return listen,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status that `/readyz` answers.
async fn status(address: SocketAddr) -> io::Result<u16> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    stream.take(FIRST_LINE).read_line(&mut line).await?;
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "what answers there does not speak plain HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_the_machine_is_asked_by_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8400", "127.0.0.1:8400"),
            ("[::]:8400", "[::1]:8400"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
