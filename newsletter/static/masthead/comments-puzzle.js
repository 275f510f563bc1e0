/* Looks for the number behind a puzzle's hash, beside the page so that it stays quick.
   The format is ALTCHA's. */
"use strict";
const encoder = new TextEncoder();
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

onmessage = async ({ data: puzzle }) => {
  const began = Date.now();
  for (let number = 0; number <= puzzle.maxnumber; number += 1) {
    const hash = await crypto.subtle.digest(puzzle.algorithm, encoder.encode(puzzle.salt + number));
    if (hex(hash) === puzzle.challenge) {
      const { algorithm, challenge, salt, signature } = puzzle;
      postMessage(btoa(JSON.stringify({ algorithm, challenge, number, salt, signature, took: Date.now() - began })));
      return;
    }
  }
  postMessage("");
};
