"""Run once in Odoo's shell (see `odoo: settings` of automatic_workflow.yaml): every quotation belongs to the batch job."""
# ruff: noqa: F821  `env` is Odoo's

process = env.ref("sale_automatic_workflow.automatic_validation")
process.write({"send_order_confirmation_mail": False, "create_invoice": True, "validate_invoice": True})
env["ir.default"].set("sale.order", "workflow_process_id", process.id)
