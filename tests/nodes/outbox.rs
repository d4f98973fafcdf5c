//! The work that any node may do is done by one.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use portcullis::{
    account::Email,
    mail::{MailKind, MailRequest, MailTo},
    session::Device,
};

use crate::{both_and_pooled, cluster::Cluster, db::TestDb};

both_and_pooled![
    in_a_race_of_three_nodes_each_mail_leaves_once,
    in_a_race_of_three_nodes_what_has_expired_is_forgotten,
];

const MAILS: usize = 90;

async fn in_a_race_of_three_nodes_each_mail_leaves_once(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    for number in 0..MAILS {
        let to = MailTo::Address(Email::parse(&format!("user-{number}@example.com")).unwrap());
        let request = MailRequest::new(MailKind::ResetUnknown, to, nodes.nodes[0].now(), &Device::default());
        nodes.nodes[number % 3].db.store.post_mail(&request).await.unwrap();
    }
    // Beside the nodes' own workers.
    let deliveries = nodes.nodes.iter().map(|node| node.portcullis.accounts().deliver_mail());
    for delivered in join_all(deliveries).await {
        delivered.unwrap();
    }
    let sent = || nodes.nodes.iter().flat_map(|node| node.mailbox.all()).collect::<Vec<_>>();
    while sent().len() < MAILS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ids: HashSet<_> = sent().iter().map(portcullis::mail::Message::message_id).collect();
    assert_eq!((sent().len(), ids.len()), (MAILS, MAILS));
    while nodes.nodes[0].db.count("outbox").await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn in_a_race_of_three_nodes_what_has_expired_is_forgotten(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    for number in 0..20 {
        nodes.user(&format!("user-{number}")).await;
    }
    let living = nodes.nodes[0].db.count("sessions").await;
    assert_eq!(living, 20);
    nodes.nodes[0].db.expired_revocations(2000).await;
    nodes.nodes[0].db.long_ago(2000).await;
    nodes.nodes[0].advance(Duration::from_hours(24 * 40));
    let sweeps = nodes.nodes.iter().map(|node| node.portcullis.accounts().forget_expired());
    for swept in join_all(sweeps).await {
        swept.unwrap();
    }
    let given_up = "outbox WHERE given_up_at IS NOT NULL";
    for table in ["sessions", "refresh_tokens", "revocations", "attempts", "events WHERE happened_at <= 2000", given_up]
    {
        assert_eq!(nodes.nodes[0].db.count(table).await, 0, "{table}");
    }
    assert!(nodes.nodes[0].db.count("events").await > 0, "what is not old yet stays");
}
