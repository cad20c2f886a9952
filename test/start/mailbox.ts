import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

export interface Mail {
	to: string[];
	subject: string;
	text: string;
}

/** Reads a message of one part (RFC 5322). */
function readMail(to: string[], message: string): Mail {
	const [head = '', ...rest] = message.split('\r\n\r\n');
	const body = rest.join('\r\n\r\n');
	const header = (name: string) =>
		new RegExp(`^${name}: (.*)$`, 'im').exec(head.replace(/\r\n[ \t]+/g, ' '))?.[1]?.trim() ?? '';
	const encoding = header('Content-Transfer-Encoding').toLowerCase();
	const quoted = body
		.replace(/=\r\n/g, '')
		.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
	const bytes =
		encoding === 'base64'
			? Buffer.from(body, 'base64')
			: Buffer.from(encoding === 'quoted-printable' ? quoted : body, 'latin1');
	return { to, subject: header('Subject'), text: bytes.toString('utf8') };
}

/** The server's side of SMTP (RFC 5321), as far as a client needs it that sends one mail after another. */
function talk(socket: Socket, onMail: (mail: Mail) => void): void {
	let received = '';
	let to: string[] = [];
	let inMessage = false;
	const say = (line: string) => socket.write(`${line}\r\n`);
	const obey = (line: string) => {
		const recipient = /^RCPT TO:<(.*?)>/i.exec(line)?.[1];
		if (recipient) to.push(recipient);
		inMessage = /^DATA/i.test(line);
		if (inMessage) say('354 Go on');
		else say(/^QUIT/i.test(line) ? '221 Bye' : '250 OK');
	};
	socket.setEncoding('latin1');
	socket.on('error', () => undefined);
	socket.on('data', (chunk: string) => {
		received += chunk;
		for (;;) {
			const end = inMessage ? '\r\n.\r\n' : '\r\n';
			const at = received.indexOf(end);
			if (at === -1) return;
			const line = received.slice(0, at);
			received = received.slice(at + end.length);
			if (!inMessage) {
				obey(line);
				continue;
			}
			onMail(readMail(to, line));
			[to, inMessage] = [[], false];
			say('250 OK');
		}
	});
	say('220 Test');
}

/** Starts a mail server that takes everything and delivers nothing. @param onMail told of each email as well */
export async function startMailbox(onMail: (mail: Mail) => void = () => undefined) {
	const mails: Mail[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		talk(socket, (mail) => {
			mails.push(mail);
			onMail(mail);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		mails,
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}
