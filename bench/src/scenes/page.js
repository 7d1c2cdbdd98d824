// What the bench watches in the page: put in before the page's own scripts run.
globalThis.bench = {longest: 0, long: 0, gap: 0, usable: null, memory: null};
new PerformanceObserver(list => {
    for (const task of list.getEntries()) {
        bench.long += 1;
        bench.longest = Math.max(bench.longest, task.duration);
    }
}).observe({type: "longtask"});
let last = null;
const frame = now => {
    if (last !== null) bench.gap = Math.max(bench.gap, now - last);
    last = now;
    requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
new MutationObserver((_, observer) => {
    if (document.querySelector('a[data-testid="chat"]')) {
        bench.usable = performance.now();
        observer.disconnect();
    }
}).observe(document, {childList: true, subtree: true});
for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...all) => {
        const made = await original.apply(WebAssembly, all);
        const exported = Object.values((made.instance ?? made).exports);
        bench.memory ??= exported.find(one => one instanceof WebAssembly.Memory) ?? null;
        return made;
    };
}
bench.again = () => Object.assign(bench, {longest: 0, long: 0, gap: 0});
// The numbers that the messages on screen begin with.
bench.numbers = () => [...document.querySelectorAll(".timeline .bubble")].map(one => parseInt(one.textContent)).filter(one => one > 0);
// Scrolls up, a part of a screen for each frame, until the message with this number is there.
bench.up = (number, done) => {
    const scroller = document.querySelector(".scroller"), end = performance.now() + 300_000;
    const step = () => {
        if (Math.min(...bench.numbers()) <= number) return done(true);
        if (performance.now() > end) return done(false);
        scroller.scrollTop -= 400;
        requestAnimationFrame(step);
    };
    step();
};
