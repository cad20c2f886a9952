import type { Bar, Plot, Series } from './results';

const WIDTH = 760;
/** Of the font's size, on the wide side. */
const CHARACTER_WIDTH = 7;
const FONT = 'font-family="system-ui, sans-serif"';
const INK = '#1f2328';
const FAINT = '#d0d7de';
const OURS = '#0969da';
const OTHERS = ['#8c959f', '#bf8700', '#8250df', '#57606a', '#bc4c00'];

const escape = (text: string): string =>
	text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** A figure as it is read: three digits. */
export function readable(value: number): string {
	if (!Number.isFinite(value)) return '-';
	const magnitude = Math.abs(value);
	if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
	if (magnitude >= 10) return value.toFixed(1);
	return value.toFixed(magnitude >= 1 ? 2 : 3);
}

function text(x: number, y: number, content: string, attributes = ''): string {
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(content)}</text>`;
}

/** White behind everything, so that it can be read on dark pages too. */
function frame(height: number, title: string, content: string[]): string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}" ${FONT} font-size="13" fill="${INK}">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text(16, 26, title, 'font-size="16" font-weight="600"')}
${content.join('\n')}
</svg>
`;
}

function bars(title: string, unit: string, all: Bar[], limit?: number): string {
	const left = Math.max(...all.map(({ label }) => label.length)) * CHARACTER_WIDTH + 30;
	const figure = ({ value }: Bar): string => `${readable(value)} ${unit}`;
	const right = WIDTH - Math.max(...all.map((bar) => figure(bar).length)) * CHARACTER_WIDTH - 30;
	const step = 30;
	const top = 46;
	const most = Math.max(...all.map(({ value, high }) => Math.max(value, high ?? 0)), limit ?? 0) || 1;
	const x = (value: number): number => left + ((right - left) * value) / most;
	const content = all.flatMap((bar, index) => {
		const { label, value, low, high, isOurs } = bar;
		const y = top + index * step;
		const middle = y + step / 2;
		const whisker =
			low === undefined || high === undefined
				? ''
				: `<path d="M${x(low).toFixed(1)} ${middle}H${x(high).toFixed(1)}" stroke="${INK}" stroke-width="2"/>`;
		return [
			text(left - 10, middle + 4, label, 'text-anchor="end"'),
			`<rect x="${left}" y="${y + 5}" width="${(x(value) - left).toFixed(1)}" height="${step - 10}" fill="${isOurs ? OURS : OTHERS[0]}"/>`,
			whisker,
			text(x(Math.max(value, high ?? 0)) + 8, middle + 4, figure(bar)),
		];
	});
	const bottom = top + all.length * step;
	if (limit !== undefined) {
		content.push(
			`<path d="M${x(limit).toFixed(1)} ${top}V${bottom}" stroke="#cf222e" stroke-dasharray="4 3"/>`,
		);
	}
	return frame(bottom + 16, title, content);
}

/** Maps values to a length, evenly or by their logarithm, and names the values to be marked. */
function scale(values: number[], from: number, to: number, logarithmic: boolean) {
	const most = Math.max(...values);
	const first = logarithmic ? Math.floor(Math.log10(Math.min(...values))) : 0;
	const last = logarithmic ? Math.max(Math.ceil(Math.log10(most)), first + 1) : most || 1;
	const place = (value: number): number =>
		from + ((to - from) * ((logarithmic ? Math.log10(value) : value) - first)) / (last - first);
	const marks = logarithmic
		? Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
		: Array.from({ length: 6 }, (_, index) => (last * index) / 5);
	return { place, marks };
}

interface Axes {
	xTitle: string;
	yTitle: string;
	logarithmic?: boolean;
}

function lines(title: string, axes: Axes, all: Series[]): string {
	const [left, right, top, bottom] = [70, WIDTH - 24, 60, 360];
	const points = all.flatMap((series) => series.points);
	const logarithmic = axes.logarithmic ?? false;
	const x = scale(
		points.map(([value]) => value),
		left,
		right,
		logarithmic,
	);
	const y = scale(
		points.map(([, value]) => value),
		bottom,
		top,
		logarithmic,
	);
	const content = [
		...y.marks.flatMap((mark) => [
			`<path d="M${left} ${y.place(mark).toFixed(1)}H${right}" stroke="${FAINT}"/>`,
			text(left - 8, y.place(mark) + 4, readable(mark).replace(/\.0+$/, ''), 'text-anchor="end"'),
		]),
		...x.marks.map((mark) =>
			text(x.place(mark), bottom + 20, readable(mark).replace(/\.0+$/, ''), 'text-anchor="middle"'),
		),
		text((left + right) / 2, bottom + 42, axes.xTitle, 'text-anchor="middle"'),
		text(16, top - 12, axes.yTitle),
	];
	for (const [index, { label, points: own, isOurs }] of all.entries()) {
		const color =
			isOurs && index === all.findIndex((series) => series.isOurs) ? OURS : colorOf(index, isOurs);
		const path = own.map(([px, py]) => `${x.place(px).toFixed(1)} ${y.place(py).toFixed(1)}`).join('L');
		content.push(`<path d="M${path}" fill="none" stroke="${color}" stroke-width="${isOurs ? 3 : 2}"/>`);
		for (const [px, py] of own) {
			content.push(
				`<circle cx="${x.place(px).toFixed(1)}" cy="${y.place(py).toFixed(1)}" r="4" fill="${color}"/>`,
			);
		}
		const legendY = bottom + 68 + index * 20;
		content.push(`<rect x="${left}" y="${legendY - 10}" width="22" height="10" fill="${color}"/>`);
		content.push(text(left + 30, legendY, label));
	}
	return frame(bottom + 68 + all.length * 20, title, content);
}

const colorOf = (index: number, isOurs = false): string =>
	isOurs ? '#1a7f37' : (OTHERS[index % OTHERS.length] ?? INK);

/** Draws a plot. */
export function drawPlot(plot: Plot): string {
	return plot.kind === 'bars'
		? bars(plot.title, plot.unit, plot.bars, plot.limit)
		: lines(plot.title, plot, plot.series);
}
