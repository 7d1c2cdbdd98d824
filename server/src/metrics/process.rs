//! What Prometheus expects to know of every process, read from Linux when it is asked for; elsewhere it is left out.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// The names are those of Prometheus' guidelines for client libraries.
pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

#[derive(Debug)]
struct Process;

/// Of one moment.
struct Reading {
    resident: u64,
    virtual_size: u64,
    cpu_seconds: f64,
    started: f64,
    open_files: u64,
    most_files: f64,
    threads: i64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(now) = read() else { return Ok(()) };
        let mut gauge = |name, help, value: f64| {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        gauge("process_resident_memory_bytes", "Resident memory", now.resident as f64)?;
        gauge("process_virtual_memory_bytes", "Virtual memory", now.virtual_size as f64)?;
        gauge("process_open_fds", "Open file descriptors; every socket takes one", now.open_files as f64)?;
        gauge("process_max_fds", "Most file descriptors that may be open", now.most_files)?;
        gauge("process_threads", "Threads", now.threads as f64)?;
        gauge("process_start_time_seconds", "When the process started, in seconds since 1970", now.started)?;
        let help = "Processor time that was used";
        let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        ConstCounter::new(now.cpu_seconds).encode(metric)
    }
}

#[cfg(target_os = "linux")]
fn read() -> Option<Reading> {
    use procfs::process::{LimitValue, Process};
    let process = Process::myself().ok()?;
    let stat = process.stat().ok()?;
    let ticks = procfs::ticks_per_second() as f64;
    let booted = procfs::boot_time_secs().ok()? as f64;
    let most_files = match process.limits().ok()?.max_open_files.soft_limit {
        LimitValue::Value(value) => value as f64,
        LimitValue::Unlimited => f64::INFINITY,
    };
    Some(Reading {
        resident: stat.rss * procfs::page_size(),
        virtual_size: stat.vsize,
        cpu_seconds: (stat.utime + stat.stime) as f64 / ticks,
        started: booted + stat.starttime as f64 / ticks,
        open_files: process.fd_count().ok()? as u64,
        most_files,
        threads: stat.num_threads,
    })
}

#[cfg(not(target_os = "linux"))]
fn read() -> Option<Reading> {
    None
}
