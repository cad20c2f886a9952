/** jsonwebtoken's own file for signing: without the code for verifying, which is not needed here. */
declare module 'jsonwebtoken/sign' {
	import type { sign } from 'jsonwebtoken';
	const signToken: typeof sign;
	export default signToken;
}
