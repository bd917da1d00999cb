// SPDX-License-Identifier: GPL-2.0-or-later
// whatif.js: the sliders of the page: r = 1 / (1 - f + f/s + o) as they are moved, its curve over s, and what it means in clients.
// Plain JavaScript without a library; compiled into the program, and written into the page. Without it a table stands there.
"use strict";
(function () {
	const box = document.getElementById("whatif");
	if (!box)
		return;
	const grid = JSON.parse(box.dataset.grid); // [[group size, measured s], ...], rising; may be empty
	const start = { f: +box.dataset.f, s: +box.dataset.s, o: +box.dataset.o, group: +box.dataset.group };
	const now = Object.assign({}, start);
	const S_LOW = 0.5, S_HIGH = 20;
	const byId = (id) => document.getElementById("whatif-" + id);

	// How far a slider goes, and what stands on it: s and the group size by their logarithm.
	const scales = {
		f: { low: 0, high: 1, to: (x) => x, from: (x) => x, digits: 3 },
		s: { low: S_LOW, high: S_HIGH, to: Math.log10, from: (x) => Math.pow(10, x), digits: 3 },
		o: { low: 0, high: 0.5, to: (x) => x, from: (x) => x, digits: 3 },
		group: { low: 1, high: 100000, to: Math.log10, from: (x) => Math.round(Math.pow(10, x)), digits: 0 },
	};

	function speedup(f, s, o) {
		return 1 / (1 - f + f / s + o);
	}

	// s as it was measured, linear in log(group) between two points; at the edge beyond them.
	function measured(group) {
		if (group <= grid[0][0])
			return grid[0][1];
		for (let i = 1; i < grid.length; i++) {
			const [g0, s0] = grid[i - 1], [g1, s1] = grid[i];
			if (group <= g1)
				return s0 + (s1 - s0) * Math.log(group / g0) / Math.log(g1 / g0);
		}
		return grid[grid.length - 1][1];
	}

	// A number with so many digits behind the point, without zeros at its end, and a minus as wide as a digit.
	function text(x, digits) {
		return Number.isFinite(x) ? String(+x.toFixed(digits)).replace("-", "−") : "without bound";
	}

	// ---- The curve ----

	const WIDE = 440, HIGH = 270, LEFT = 54, RIGHT = 14, TOP = 14, BELOW = 44;

	function node(name, attributes, content) {
		const made = document.createElementNS("http://www.w3.org/2000/svg", name);
		for (const key in attributes)
			made.setAttribute(key, attributes[key]);
		if (content !== undefined)
			made.textContent = content;
		return made;
	}

	// A step of 1, 2 or 5 times a power of ten, so that there are some five of them.
	function step(length) {
		const raw = length / 5, power = Math.pow(10, Math.floor(Math.log10(raw)));
		return power * ([1, 2, 5, 10].find((k) => k * power >= raw));
	}

	function draw() {
		const chart = byId("chart");
		const bound = speedup(now.f, Infinity, now.o);
		const ends = [speedup(now.f, S_LOW, now.o), speedup(now.f, S_HIGH, now.o), 1];
		const low = Math.min(...ends), high = Math.max(...ends) + 0.05 * (Math.max(...ends) - low) + 0.01;
		const x = (s) => LEFT + (WIDE - LEFT - RIGHT) * Math.log(s / S_LOW) / Math.log(S_HIGH / S_LOW);
		const y = (r) => TOP + (HIGH - TOP - BELOW) * (high - r) / (high - low);
		const add = (name, attributes, content) => chart.append(node(name, attributes, content));
		chart.replaceChildren();
		for (const s of [0.5, 1, 2, 5, 10, 20]) {
			add("line", { class: "rule", x1: x(s), x2: x(s), y1: y(low), y2: y(high) });
			add("text", { x: x(s), y: HIGH - BELOW + 18, "text-anchor": "middle" }, s);
		}
		const by = step(high - low), digits = Math.max(0, -Math.floor(Math.log10(by)));
		for (let r = Math.ceil(low / by - 1e-9) * by; r <= high; r += by) {
			add("line", { class: "rule", x1: x(S_LOW), x2: x(S_HIGH), y1: y(r), y2: y(r) });
			add("text", { x: LEFT - 7, y: y(r) + 4, "text-anchor": "end" }, r.toFixed(digits));
		}
		add("text", { class: "muted", x: (LEFT + WIDE - RIGHT) / 2, y: HIGH - 6, "text-anchor": "middle" }, "s, on a logarithmic axis");
		add("text", { class: "muted", x: 4, y: TOP + 8 }, "r");
		add("line", { class: "one", x1: x(S_LOW), x2: x(S_HIGH), y1: y(1), y2: y(1) });
		if (bound < high)
			add("line", { class: "bound", x1: x(S_LOW), x2: x(S_HIGH), y1: y(bound), y2: y(bound) });
		let path = "";
		for (let i = 0; i <= 100; i++) {
			const s = S_LOW * Math.pow(S_HIGH / S_LOW, i / 100);
			path += (i ? "L" : "M") + x(s).toFixed(2) + " " + y(speedup(now.f, s, now.o)).toFixed(2);
		}
		add("path", { class: "curve", d: path });
		const at = Math.min(Math.max(now.s, S_LOW), S_HIGH);
		add("circle", { class: "point", cx: x(at), cy: y(speedup(now.f, at, now.o)), r: 6 });
	}

	// ---- What it says ----

	function show() {
		const r = speedup(now.f, now.s, now.o), bound = speedup(now.f, Infinity, now.o);
		const even = now.f > now.o ? now.f / (now.f - now.o) : Infinity;
		byId("r").textContent = text(r, 3);
		byId("saved").textContent = text(100 * (1 - 1 / r), 1) + " %";
		byId("clients").textContent = text(Math.floor(now.group * r + 1e-9), 0);
		byId("bound").textContent = text(bound, 3);
		byId("even").textContent = Number.isFinite(even) ? text(even, 3) : "no s is enough";
		for (const name in scales) {
			byId(name).value = scales[name].to(now[name]);
			byId(name).setAttribute("aria-valuetext", text(now[name], scales[name].digits));
			if (document.activeElement !== byId(name + "-number"))
				byId(name + "-number").value = +now[name].toFixed(scales[name].digits);
		}
		const inside = grid.length && now.group >= grid[0][0] && now.group <= grid[grid.length - 1][0];
		byId("note").hidden = !grid.length || inside;
		draw();
	}

	function set(name, value) {
		const scale = scales[name];
		if (!Number.isFinite(value))
			return;
		now[name] = Math.min(Math.max(value, scale.low), scale.high);
		if (name === "group" && grid.length)
			now.s = measured(now.group);
		show();
	}

	for (const name in scales) {
		const scale = scales[name], slider = byId(name), number = byId(name + "-number");
		start[name] = now[name] = Math.min(Math.max(now[name], scale.low), scale.high);
		Object.assign(slider, { min: scale.to(scale.low), max: scale.to(scale.high), step: "any" });
		Object.assign(number, { min: scale.low, max: scale.high, step: "any" });
		slider.addEventListener("input", () => set(name, scale.from(+slider.value)));
		number.addEventListener("input", () => number.value !== "" && set(name, +number.value));
		number.addEventListener("change", show);
	}
	byId("reset").addEventListener("click", () => { Object.assign(now, start); show(); });
	box.classList.add("live");
	show();
})();
