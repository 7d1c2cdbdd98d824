//! Tests that run on one server with SQLite, and on two nodes with Postgres and Redis.

#[cfg(feature = "test-services")]
use causerie_protocol::paths;
#[cfg(feature = "test-services")]
use causerie_server::config::Config;
#[cfg(feature = "test-services")]
use causerie_testkit::{LIMIT, Redis, database, eventually};
#[cfg(feature = "test-services")]
use reqwest::Method;
#[cfg(feature = "test-services")]
use serde_json::Value;

#[cfg(feature = "test-services")]
use super::server::TestServer;

/// Makes a test of each function twice, which is given the server, or each of the two nodes, with these settings.
macro_rules! everywhere {
    ($settings:ident: $($promise:ident,)+) => {
        mod on_one_server {
            $(
                #[tokio::test]
                async fn $promise() {
                    let server = super::TestServer::start_with(super::$settings).await;
                    super::$promise(&server, &server).await;
                }
            )+
        }

        #[cfg(feature = "test-services")]
        mod on_two_nodes {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let (_redis, here, there) =
                        crate::common::everywhere::two_nodes(super::$settings).await;
                    super::$promise(&here, &there).await;
                }
            )+
        }
    };
}
pub(crate) use everywhere;

/// Two nodes of one installation that hear each other.
#[cfg(feature = "test-services")]
pub async fn two_nodes(settings: fn(&mut Config)) -> (Redis, TestServer, TestServer) {
    let database = database().await.unwrap();
    let redis = Redis::start().await.unwrap();
    let node = async || {
        TestServer::start_with(|config| {
            settings(config);
            config.database_url = database.clone();
            config.redis_url = Some(redis.url());
        })
        .await
    };
    let (here, there) = (node().await, node().await);
    for node in [&here, &there] {
        let is_heard = async || {
            let (_, ready) = node.request(Method::GET, paths::READY, None, Value::Null).await;
            (ready["bus"] == true).then_some(())
        };
        eventually("the nodes hear each other", LIMIT, is_heard).await.unwrap();
    }
    (redis, here, there)
}
