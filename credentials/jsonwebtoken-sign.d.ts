/** The file of jsonwebtoken that signs. The code that verifies isn't needed, and isn't bundled. */
declare module 'jsonwebtoken/sign' {
	import type { sign } from 'jsonwebtoken';
	const signToken: typeof sign;
	export default signToken;
}
