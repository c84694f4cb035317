#!/usr/bin/env node
// What npm links as `elfdeck`: on Windows it makes a starter from the first line, and there need not be a shell.
require('./elfdeck');
