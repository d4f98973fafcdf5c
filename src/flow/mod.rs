//! Flows: logins that have begun and are not finished, held by the server.
//!
//! A flow is known by an opaque id that only its client has, and typed by the step it waits for. It is good for that step
//! and worthless everywhere else, lives five minutes, and ends when its step is taken, once for any number of callers.
//! It stands for the user as they were when they began: a change of password, of roles, or an end of all sessions ends
//! it too.

mod id;
mod record;

pub use self::{
    id::FlowId,
    record::{FLOW_LIFETIME, Flow, Step},
};
