"""Read-only SQL for looking units up."""
