"""A stand-in for AWS in a process of its own (ministack), into which the shipped template is deployed as it is.

It checks signatures and policies, so what the template grants is what works. docs/aws.md says where it is not AWS.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from tests.aws.little_gateway import KEYS, SECRET, STAGE, built_zip
from tests.support import PATIENCE, ROOT, free_port, until

PYTHON = ROOT / ".venv" / "emulator" / "bin" / "python"
REGION = "eu-central-1"
TEMPLATE = ROOT / "deploy" / "aws" / "template.yaml"
# Where it is not set up tests of it are left out, but never by the continuous build, which would then prove nothing.
needs_emulator = pytest.mark.skipif(
    not PYTHON.exists() and not os.environ.get("CI"), reason="the emulator is missing; `python3 dev.py test` brings it"
)


class Ministack:
    """The emulator, and the stack in it once ``deploy`` was called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.log_file = folder / "ministack.log"
        environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [str(PYTHON), "-m", "ministack"], cwd=folder, env=environ, stdout=log, stderr=log
            )
        until(self.is_ready, 60)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """the emulator answers"""
        assert self.process.poll() is None, self.log_file.read_text()[-3000:]
        try:
            return requests.get(f"{self.address}/_ministack/health", timeout=5).ok
        except requests.RequestException:
            return False

    def client(self, service: str, key: str = "test", secret: str = "test", address: str = "") -> Any:
        """A boto3 client for it."""
        return boto3.client(
            service,
            endpoint_url=address or self.address,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def deploy(self, forward_url: str, origins: str = "https://chat.example.org") -> None:
        """What deploy/aws/README.md tells to do: code, secrets, stack, and a user with the service's policy."""
        s3, secrets, iam = self.client("s3"), self.client("secretsmanager"), self.client("iam")
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="code", Key="parley-aws.zip", Body=built_zip(self.folder).read_bytes())
        parameters = {
            "StageName": STAGE,
            "CodeBucket": "code",
            "CodeKey": "parley-aws.zip",
            "ForwardUrl": forward_url,
            "AllowedOrigins": origins,
            "TicketKeysArn": secrets.create_secret(Name="ticket-keys", SecretString=KEYS)["ARN"],
            "ForwardSecretArn": secrets.create_secret(Name="forward-secret", SecretString=SECRET)["ARN"],
        }
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName="parley",
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )

        def settled() -> Any:
            """the stack is there"""
            [stack] = cloudformation.describe_stacks(StackName="parley")["Stacks"]
            return stack if not stack["StackStatus"].endswith("IN_PROGRESS") else None

        stack = until(settled, PATIENCE * 3)
        assert stack["StackStatus"] == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName="parley")
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        iam.create_user(UserName="service")
        self.grant()
        key = iam.create_access_key(UserName="service")["AccessKey"]
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def grant(self) -> None:
        """Give the service's user the template's policy, and nothing else."""
        self.client("iam").attach_user_policy(UserName="service", PolicyArn=self.outputs["ServicePolicyArn"])

    def revoke(self) -> None:
        """Take it back."""
        self.client("iam").detach_user_policy(UserName="service", PolicyArn=self.outputs["ServicePolicyArn"])

    @property
    def stage(self) -> str:
        """The path at which the emulator has the stage."""
        return f"127.0.0.1:{self.port}/_aws/execute-api/{self.outputs['ApiId']}/{STAGE}"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{self.stage}"

    @property
    def settings(self) -> dict[str, str]:
        """What the service needs to stand behind it."""
        return {
            "AWS_GATEWAY_ENDPOINT": f"http://{self.stage}",
            "AWS_GATEWAY_URL": self.url,
            "AWS_FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": REGION,
        }

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
