// An ordinary Probot app: it answers every push with a check run and every issue comment of a person with a comment.
// node app.js PORT; the rest comes from Probot's own variables (APP_ID, PRIVATE_KEY, WEBHOOK_SECRET, GHE_HOST, GHE_PROTOCOL).
import { createServer } from "node:http";

import { createNodeMiddleware, createProbot } from "probot";

const handle = (app) => {
  app.on("push", async (context) => {
    if (context.payload.deleted) return;
    await context.octokit.rest.checks.create(
      context.repo({
        name: "probot",
        head_sha: context.payload.after,
        conclusion: "success",
        output: { title: "Seen", summary: `${context.payload.commits.length} commits` },
        actions: [{ label: "Again", identifier: "again", description: "Say it once more" }],
      }),
    );
  });
  app.on("issue_comment.created", async (context) => {
    if (context.isBot) return;
    await context.octokit.rest.reactions.createForIssueComment(
      context.repo({ comment_id: context.payload.comment.id, content: "eyes" }),
    );
    await context.octokit.rest.issues.createComment(context.issue({ body: "Probot was here." }));
  });
  app.on("check_run.requested_action", async (context) => {
    const { check_run: run, requested_action: action } = context.payload;
    await context.octokit.rest.checks.update(
      context.repo({ check_run_id: run.id, output: { title: action.identifier, summary: "pressed" } }),
    );
  });
};
const middleware = await createNodeMiddleware(handle, { probot: createProbot(), webhooksPath: "/webhook" });

createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(process.argv[2]), "127.0.0.1");
