module.exports = { ...require("../jest.preset"), displayName: "contract" };
