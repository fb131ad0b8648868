export default { main: () => {} }
