"""Operations: telemetry, failpoints, health and readiness, AsyncAPI documents."""
