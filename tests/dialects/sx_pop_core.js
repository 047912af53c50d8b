// Drives the npm package @alicloud/pop-core; see sx_tea.py. The package's directory is the first argument.
const {RPCClient} = require(process.argv[2] + '/node_modules/@alicloud/pop-core');
const order = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const client = new RPCClient({
  accessKeyId: order.key, accessKeySecret: order.secret, endpoint: `http://${order.endpoint}`, apiVersion: '2019-04-30',
});
(async () => {
  const answers = [];
  for (const {action, parameters} of order.calls) {
    try {
      answers.push(await client.request(action, parameters, {method: order.algorithm || 'GET'}));
    } catch (error) {
      answers.push({error: error.code, message: error.data ? error.data.Message : error.message});
    }
  }
  console.log(JSON.stringify(answers));
})();
