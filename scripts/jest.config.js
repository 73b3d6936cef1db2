module.exports = { ...require("../jest.preset"), displayName: "scripts" };
