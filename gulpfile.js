const { mkdir, readdir, readFile, rename, rm, writeFile } = require('node:fs/promises');
const { basename, dirname, join, relative } = require('node:path');
const { Transform } = require('node:stream');
const esbuild = require('esbuild');
const gulp = require('gulp');
const { packAgent } = require('./scripts/packAgent');

/** As n8n finds them in package.json. */
const NODES = require('./package.json').n8n.nodes.map((path) => path.replace(/^dist\/(.+)\.js$/, '$1'));
const FOLDERS = [...new Set(NODES.map((path) => dirname(path)))];
/** Built here and then put in place at once, so that whoever uses dist/ meanwhile finds it whole. */
const BUILD = 'dist.new';

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

/** No note for import from ECMAScript modules, which n8n doesn't do. */
const withoutNote = { platform: 'neutral', mainFields: ['main'] };

/**
 * What jsonwebtoken requires but does not need to sign a token with HS256, and what replaces it. Built-in modules must go: n8n's
 * scanner lets a community node load nothing but `crypto`.
 */
const STUBS = {
	buffer: 'exports.Buffer = Buffer;',
	stream: 'module.exports = class Stream {};',
	util: `
		exports.inherits = (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype);
		exports.format = (template, ...values) => template.replace(/%s/g, () => values.shift());`,
	// Asked only whether Node.js is newer than version 15, which any n8n is.
	semver: 'exports.satisfies = () => true;',
	// For verifying, and for other algorithms than HS256.
	'buffer-equal-constant-time': '',
	'./lib/verify-stream': '',
	'ecdsa-sig-formatter': '',
	'./lib/validateAsymmetricKey': 'module.exports = () => {};',
	// Seven packages, of which two are more than the rest of the signer, for what the language does itself.
	'lodash.includes': 'module.exports = (list, value) => list.includes(value);',
	'lodash.isboolean': "module.exports = (value) => typeof value === 'boolean';",
	'lodash.isinteger': 'module.exports = Number.isInteger;',
	'lodash.isnumber': "module.exports = (value) => typeof value === 'number';",
	'lodash.isplainobject': "module.exports = (value) => String(value) === '[object Object]';",
	'lodash.isstring': "module.exports = (value) => typeof value === 'string';",
	// For signing with a callback.
	'lodash.once': '',
	// For lifetimes in words, such as "5 minutes": ours are numbers.
	ms: '',
	// For Node.js before 4.5.
	'safe-buffer': 'exports.Buffer = Buffer;',
	// For signing and verifying streams.
	'./lib/data-stream': 'module.exports = class DataStream {};',
	'./data-stream': 'module.exports = class DataStream {};',
};

const withStubs = {
	name: 'with-stubs',
	setup(build) {
		const filter = new RegExp(`^(${Object.keys(STUBS).join('|')})$`);
		build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'stub' }));
		build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
			contents: STUBS[path],
			loader: 'js',
		}));
	},
};

/** Fills the module that is empty in the source. */
const withAgent = {
	name: 'with-agent',
	setup(build) {
		build.onLoad({ filter: /\/filledByBuild\.ts$/ }, async () => ({
			contents: [
				`export const AGENT_ARCHIVE = '${(await packAgent()).toString('base64')}';`,
				`export const PACKAGE_VERSION = '${require('./package.json').version}';`,
			].join('\n'),
		}));
	},
};

/** The signer is a file of its own, which the credential shares. */
const withSharedSigner = {
	name: 'with-shared-signer',
	setup(build) {
		build.onResolve({ filter: /\/credentials\/signToken$/ }, () => ({
			path: relative(FOLDERS[0], 'credentials/signToken'),
			external: true,
		}));
	},
};

async function clean() {
	await rm(BUILD, { recursive: true, force: true });
}

/** The file of all nodes' code, beside the first node. */
const ALL_NODES = `${FOLDERS[0]}/nodes.js`;

/**
 * All nodes are one file, and each node's own file only leads to it. They have state in common, such as the triggers that this
 * process knows (webhook/knownNodes.ts): in a second copy of that module the lists of the action node would stay empty. Besides,
 * n8n loads few files, and no code twice. test/engine/questions/agentTools.test.ts fails if the nodes' files don't share it.
 */
async function bundleNodes() {
	const contents = NODES.map((name) => `export * from './${name}';`).join('\n');
	const { metafile } = await esbuild.build({
		...common,
		stdin: { contents, resolveDir: __dirname, sourcefile: 'nodes.ts' },
		outfile: `${BUILD}/${ALL_NODES}`,
		external: ['n8n-workflow'],
		plugins: [withAgent, withSharedSigner],
		// Who wants to read it finds the source by the provenance of the package.
		minify: true,
		metafile: true,
	});
	noteLibraries(metafile);
	for (const name of NODES) {
		const [className] = basename(name).split('.');
		const path = relative(dirname(name), ALL_NODES);
		const code = `exports.${className} = require('${path.startsWith('.') ? path : `./${path}`}').${className};\n`;
		await mkdir(dirname(`${BUILD}/${name}`), { recursive: true });
		await writeFile(`${BUILD}/${name}.js`, code);
	}
}

async function bundleCredential() {
	await esbuild.build({
		...common,
		entryPoints: ['credentials/VideoSdkAgentCloudApi.credentials.ts'],
		outdir: BUILD,
		outbase: '.',
		...withoutNote,
		external: ['n8n-workflow', './signToken'],
		minify: true,
	});
}

const { version } = require('jsonwebtoken/package.json');
const signerBanner = `// signToken.ts and jsonwebtoken ${version}, bundled and not minified: SECURITY.md, "The bundled signer"`;

/** The token signer, with jsonwebtoken in it: loaded with the first request only. */
async function bundleSigner() {
	const { metafile } = await esbuild.build({
		...common,
		entryPoints: ['credentials/signToken.ts'],
		outfile: `${BUILD}/credentials/signToken.js`,
		plugins: [withStubs],
		banner: { js: signerBanner },
		minifySyntax: true,
		...withoutNote,
		external: ['crypto'],
		define: {
			'process.env.NODE_DEBUG': 'undefined',
			'process.version': '"v20.0.0"',
			'process.nextTick': 'queueMicrotask',
			process: 'undefined',
		},
		metafile: true,
	});
	noteLibraries(metafile);
}

/** The folders of the libraries that are in the bundles. */
const libraries = new Set();

function noteLibraries({ inputs }) {
	for (const path of Object.keys(inputs)) {
		const folder = /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
		if (folder) libraries.add(folder);
	}
}

/** Their licences want to go with every copy. */
async function writeLicences() {
	const namesByText = new Map();
	for (const folder of [...libraries].sort()) {
		const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
		const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
		if (!file) throw new Error(`${name} has no licence file.`);
		const text = (await readFile(join(folder, file), 'utf8')).trim();
		namesByText.set(text, [...(namesByText.get(text) ?? []), `${name} ${version}`]);
	}
	const parts = [...namesByText].map(([text, names]) => `${names.join(', ')}\n\n${text}\n`);
	await writeFile(join(BUILD, 'THIRD_PARTY_LICENSES'), parts.join('\n---\n\n'));
}

/** n8n reads the JSON of the package, people read that of the source. */
const withoutWhiteSpace = () =>
	new Transform({
		objectMode: true,
		transform(file, _encoding, done) {
			if (file.extname === '.json') file.contents = Buffer.from(JSON.stringify(JSON.parse(file.contents)));
			done(null, file);
		},
	});

/** Icons, codex files and output schemas are found beside the code. */
function copyAssets() {
	return gulp
		.src(
			[
				'icons/*.svg',
				...FOLDERS.flatMap((folder) => [`${folder}/*.node.json`, `${folder}/__schema__/**/*.json`]),
			],
			{
				base: '.',
				encoding: false,
			},
		)
		.pipe(withoutWhiteSpace())
		.pipe(gulp.dest(BUILD));
}

async function putInPlace() {
	await rm('dist', { recursive: true, force: true });
	await rename(BUILD, 'dist');
}

exports.build = gulp.series(
	clean,
	gulp.parallel(bundleNodes, bundleCredential, bundleSigner, copyAssets),
	writeLicences,
	putInPlace,
);
exports.default = exports.build;
