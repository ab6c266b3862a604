// What platform_node.cpp asks of Node: a process, and a gzip file.
mergeInto(LibraryManager.library, {
  // Keeps `bytes` until node_take() copies them to where there is room for them. Returns their
  // number, or -1 for none.
  $node_result: { bytes: null },
  $node_keep__deps: ['$node_result'],
  $node_keep: function (bytes) {
    node_result.bytes = bytes;
    return bytes ? bytes.length : -1;
  },
  node_take__deps: ['$node_result'],
  node_take: function (to) {
    HEAPU8.set(node_result.bytes, to);
    node_result.bytes = null;
  },
  node_run_self__deps: ['$node_keep'],
  node_run_self: function (argumentsJson) {
    const words = [...process.execArgv, process.argv[1], ...JSON.parse(UTF8ToString(argumentsJson))];
    const options = { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 30 };
    const { status, stdout } = require('child_process').spawnSync(process.execPath, words, options);
    // One that complained and left has printed why.
    return node_keep(status === null ? null : stdout);
  },
  node_gunzip__deps: ['$node_keep'],
  node_gunzip: function (path) {
    try {
      return node_keep(require('zlib').gunzipSync(require('fs').readFileSync(UTF8ToString(path))));
    } catch (error) {
      return -1;
    }
  },
  node_version__deps: ['$node_keep'],
  node_version: function () {
    return node_keep(Buffer.from(process.version));
  },
  node_temporary_path__deps: ['$node_keep'],
  node_temporary_path: function () {
    const name = 'syncline-bench-' + process.pid + '.saved';
    return node_keep(Buffer.from(require('path').join(require('os').tmpdir(), name)));
  },
});
