//! One chat's messages in order.
