const { rm } = require('node:fs/promises');
const esbuild = require('esbuild');
const gulp = require('gulp');

const NODES = 'nodes/VideoSdkAgentCloud';

/** n8n-workflow is n8n's own; everything else is put into the package, whose `dependencies` must stay empty. */
const common = {
	bundle: true,
	platform: 'node',
	format: 'cjs',
	target: 'node20',
	logLevel: 'warning',
	// import() of our own files becomes a lazy require().
	supported: { 'dynamic-import': false },
};

/**
 * Stands in for the built-in modules that jsonwebtoken names but does not need to sign a token: n8n's scanner lets a community
 * node load nothing but `crypto`.
 */
const withoutBuiltIns = {
	name: 'without-built-ins',
	setup(build) {
		const stubs = {
			buffer: 'exports.Buffer = Buffer;',
			stream: 'module.exports = class Stream {};',
			util: `
				exports.inherits = (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype);
				exports.format = (template, ...values) => template.replace(/%s/g, () => values.shift());`,
			// Asked only whether Node.js is newer than version 15, which any n8n is.
			semver: 'exports.satisfies = () => true;',
		};
		build.onResolve({ filter: /^(buffer|stream|util|semver)$/ }, ({ path }) => ({ path, namespace: 'stub' }));
		build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
			contents: stubs[path],
			loader: 'js',
		}));
	},
};

async function clean() {
	await rm('dist', { recursive: true, force: true });
}

/** One file for each node and credential: n8n loads fewer files, and faster. */
async function bundleNodes() {
	await esbuild.build({
		...common,
		entryPoints: [
			`${NODES}/VideoSdkAgentCloud.node.ts`,
			`${NODES}/VideoSdkAgentCloudTrigger.node.ts`,
			'credentials/VideoSdkAgentCloudApi.credentials.ts',
		],
		outdir: 'dist',
		outbase: '.',
		external: ['n8n-workflow', './signToken'],
		// Half the size, and still readable after a formatter: names are kept.
		minifyWhitespace: true,
		minifySyntax: true,
	});
}

/** The token signer, with jsonwebtoken in it: loaded with the first request only. */
async function bundleSigner() {
	await esbuild.build({
		...common,
		entryPoints: ['credentials/signToken.ts'],
		outfile: 'dist/credentials/signToken.js',
		minify: true,
		plugins: [withoutBuiltIns],
		define: {
			'process.env.NODE_DEBUG': 'undefined',
			'process.version': '"v20.0.0"',
			'process.nextTick': 'queueMicrotask',
			process: 'undefined',
		},
	});
}

/** Icons, codex files and output schemas are found beside the code. */
function copyAssets() {
	return gulp
		.src(['icons/*.svg', `${NODES}/*.node.json`, `${NODES}/__schema__/**/*.json`], {
			base: '.',
			encoding: false,
		})
		.pipe(gulp.dest('dist'));
}

exports.build = gulp.series(clean, gulp.parallel(bundleNodes, bundleSigner, copyAssets));
exports.default = exports.build;
