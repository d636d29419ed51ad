-- Neovim (0.7 or newer), headless, as the client of `crossvault lsp`: tests/lsp.rs starts it in a repository.
-- Prints one line for each thing that was seen; the first one that is not ends the run.

local server = assert(os.getenv("CROSSVAULT"), "CROSSVAULT names the server")

local function fail(what)
  io.stderr:write("not seen: " .. what .. "\n")
  vim.cmd("cquit 1")
end

local function seen(what, condition)
  if not vim.wait(60000, condition, 20) then
    fail(what .. "\n" .. vim.inspect(vim.diagnostic.get()))
  end
  io.stdout:write("seen: " .. what .. "\n")
end

local function codes(buffer)
  local out = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(out, one.code or (one.user_data and one.user_data.lsp and one.user_data.lsp.code) or "bad input")
  end
  table.sort(out)
  return table.concat(out, " ")
end

local function start()
  local id = vim.lsp.start_client({ name = "crossvault", cmd = { server, "lsp" }, root_dir = vim.fn.getcwd() })
  if not id then
    fail("the server starts")
  end
  return id
end

local function ask(buffer, method, params)
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 60000) or {}
  for _, answer in pairs(answers) do
    return answer.result, answer.err or answer.error
  end
end

local function at(buffer, text)
  for line, found in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, true)) do
    local column = found:find(text, 1, true)
    if column then
      return {
        textDocument = vim.lsp.util.make_text_document_params(buffer),
        position = { line = line - 1, character = column - 1 },
      }
    end
  end
  fail("the text " .. text)
end

local client = start()
vim.cmd("edit data.tf")
local data = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(data, client)
seen("the finding of an open file", function() return codes(data) == "source-key-not-shared" end)

local hover = ask(data, "textDocument/hover", at(data, '"aws_kms_key" "data"'))
seen("a hover text", function() return hover and hover.contents.value:find("customer managed key", 1, true) ~= nil end)

vim.cmd("edit backup.tf")
local backup = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(backup, client)
local vault = ask(backup, "textDocument/definition", at(backup, "aws_backup_vault.central.arn"))
seen("the definition of a copy action's vault", function() return vault and vault.uri:find("backup.tf", 1, true) ~= nil end)
local lenses = ask(backup, "textDocument/codeLens", { textDocument = vim.lsp.util.make_text_document_params(backup) })
seen("verdicts above lines", function() return lenses and #lenses >= 3 and lenses[1].command.title == "1 copy: 1 fail" end)

-- While typing: the text is broken, then right, then as before.
local lines = vim.api.nvim_buf_get_lines(data, 0, -1, true)
vim.api.nvim_buf_set_lines(data, 0, 1, true, { 'resource "aws_kms_key" {{{' })
seen("bad input while typing", function() return codes(data):find("bad input", 1, true) ~= nil end)
vim.api.nvim_buf_set_lines(data, 0, -1, true, lines)
seen("the finding again", function() return codes(data) == "source-key-not-shared" end)

local first = { line = 0, character = 0 }
local actions = ask(data, "textDocument/codeAction", {
  textDocument = vim.lsp.util.make_text_document_params(data),
  range = { start = first, ["end"] = first },
  context = { diagnostics = {} },
})
seen("a quick fix", function() return actions and actions[1] and actions[1].kind == "quickfix" end)
vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
seen("nothing after the quick fix", function() return codes(data) == "" end)
vim.cmd("buffer " .. data .. " | silent undo")
seen("the finding after undo", function() return codes(data) == "source-key-not-shared" end)

-- A file is renamed.
vim.cmd("bdelete! " .. data)
assert(os.rename("data.tf", "stores.tf"))
vim.lsp.get_client_by_id(client).notify("workspace/didChangeWatchedFiles", {
  changes = {
    { uri = vim.uri_from_fname(vim.fn.getcwd() .. "/data.tf"), type = 3 },
    { uri = vim.uri_from_fname(vim.fn.getcwd() .. "/stores.tf"), type = 1 },
  },
})
vim.cmd("edit stores.tf")
local stores = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(stores, client)
seen("the finding of the renamed file", function() return codes(stores) == "source-key-not-shared" end)

-- Requests that make no sense are answered, and end nothing.
local _, wrong = ask(stores, "textDocument/hover", { textDocument = 3 })
seen("an error for a malformed request", function() return wrong ~= nil end)
local again = ask(stores, "textDocument/hover", at(stores, '"aws_kms_key" "data"'))
seen("a hover text afterwards", function() return again ~= nil end)

-- The server is restarted.
vim.lsp.stop_client(client)
seen("the end of the server", function() return vim.lsp.client_is_stopped(client) end)
client = start()
vim.lsp.buf_attach_client(stores, client)
seen("the finding after a restart", function() return codes(stores) == "source-key-not-shared" end)
vim.lsp.stop_client(client)
seen("its end", function() return vim.lsp.client_is_stopped(client) end)
vim.cmd("qall!")
