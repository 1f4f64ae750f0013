// An endpoint, for ../../docs/endpoints.md: it sends no invoice, but says that it did.
const crypto = require('node:crypto');
const http = require('node:http');

const VERSION = '1';  // of the code below: raised with it, and never copied from the request
const KEY = Buffer.from(process.env.INVOICE_KEY.replace(/^whsec_/, ''), 'base64');

function isSigned(headers, body) {
    const sentAt = headers['webhook-timestamp'];
    const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${sentAt}.`), body]);
    const right = 'v1,' + crypto.createHmac('sha256', KEY).update(signed).digest('base64');
    const given = (headers['webhook-signature'] || '').split(' ');
    return Math.abs(Date.now() / 1000 - Number(sentAt)) < 300 && given.some(
        (one) => one.length === right.length &&
            crypto.timingSafeEqual(Buffer.from(one), Buffer.from(right)));
}

http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', () => {
        const body = Buffer.concat(parts);
        response.setHeader('baton-handler-version', VERSION);
        if (!isSigned(request.headers, body)) {
            response.writeHead(401).end('{"error": "not signed by whom I know, or long ago"}');
        } else {
            // The id is the same if this comes again: who did it by then does nothing.
            const answer = {sent: JSON.parse(body).order, as: request.headers['webhook-id']};
            response.writeHead(200).end(JSON.stringify(answer));
        }
    });
}).listen(Number(process.env.PORT || 8787), '127.0.0.1');
